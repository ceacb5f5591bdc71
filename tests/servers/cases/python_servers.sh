# socketserver (threads, forks, datagrams, Unix sockets), http.server with urllib, XML-RPC.
# packages: python3
# needs: python3
exec python3 - <<'END'
import http.server, os, socket, socketserver, threading, urllib.error, urllib.request, xmlrpc.client, xmlrpc.server
N = 3 if os.environ.get('SHORT') else 30
class Upper(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())
class ForkingUnix(socketserver.ForkingMixIn, socketserver.UnixStreamServer): pass
class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        sock.sendto(data.upper(), self.client_address)
def ask(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.connect(address)
        s.sendall(b'one\ntwo\n')
        s.shutdown(socket.SHUT_WR)
        return s.makefile('rb').read()
def run(server):
    threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01}, daemon=True).start()
for kind in socketserver.ThreadingTCPServer, socketserver.ForkingTCPServer, socketserver.TCPServer:
    with kind(('127.0.0.1', 0), Upper) as server:
        run(server)
        print(kind.__name__, {ask(socket.AF_INET, server.server_address) for _ in range(N)})
        server.shutdown()
for kind in socketserver.ThreadingUnixStreamServer, ForkingUnix:
    with kind('/tmp/' + kind.__name__, Upper) as server:
        run(server)
        print(kind.__name__, {ask(socket.AF_UNIX, server.server_address) for _ in range(N)})
        server.shutdown()
for kind, family, mine in (socketserver.UDPServer, socket.AF_INET, ('127.0.0.1', 0)), (socketserver.UnixDatagramServer, socket.AF_UNIX, '/tmp/me'):
    with kind(mine if family == socket.AF_INET else '/tmp/dgram', Datagram) as server:
        run(server)
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.bind(mine)
            s.sendto(b'datagram', server.server_address)
            print(kind.__name__, s.recv(100))
        server.shutdown()
os.makedirs('/tmp/www/sub')
open('/tmp/www/index.html', 'w').write('<p>index</p>\n')
open('/tmp/www/big', 'wb').write(bytes(range(256)) * 4096)
os.chdir('/tmp/www')
class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def log_message(self, *a): pass
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body[::-1])
with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Quiet) as server:
    run(server)
    base = 'http://127.0.0.1:%d/' % server.server_port
    for _ in range(N):
        answer = urllib.request.urlopen(base).read()
    print(answer, len(urllib.request.urlopen(base + 'big').read()), urllib.request.urlopen(base, b'post').read())
    print([line.strip() for line in urllib.request.urlopen(base + 'sub/').read().decode().splitlines() if 'title' in line])
    try:
        urllib.request.urlopen(base + 'none')
    except urllib.error.HTTPError as error:
        print(error.code, error.reason)
    server.shutdown()
with xmlrpc.server.SimpleXMLRPCServer(('127.0.0.1', 0), logRequests=False) as server:
    server.register_function(pow)
    run(server)
    print('xmlrpc', xmlrpc.client.ServerProxy('http://127.0.0.1:%d' % server.server_address[1]).pow(2, 10))
    server.shutdown()
END
