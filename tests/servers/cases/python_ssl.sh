# TLS over loopback by python's ssl, as a server with threads, and asyncio.
# packages: python3 openssl
# needs: python3 openssl
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /tmp/key.pem -out /tmp/cert.pem -days 3000 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost 2>/dev/null
exec python3 - <<'END'
import asyncio, os, socket, ssl, threading
server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server_context.load_cert_chain('/tmp/cert.pem', '/tmp/key.pem')
context = ssl.create_default_context(cafile='/tmp/cert.pem')
size = 10000 if os.environ.get('SHORT') else 1000000
refused = []
listener = socket.create_server(('127.0.0.1', 0))
def serve():
    for _ in range(3):
        s, _ = listener.accept()
        try:
            with server_context.wrap_socket(s, server_side=True) as t:
                t.sendall(t.recv(100)[::-1])
                t.sendall(b'x' * size)
        except ssl.SSLError as error:
            refused.append(error.reason)
thread = threading.Thread(target=serve)
thread.start()
for name in 'localhost', 'localhost', 'other':
    try:
        with context.wrap_socket(socket.create_connection(listener.getsockname()), server_hostname=name) as s:
            print(s.version(), s.cipher()[0])
            s.sendall(b'hello')
            got = b''
            while data := s.recv(65536): got += data
            print(got[:5], len(got))
    except ssl.SSLCertVerificationError as error:
        print('client', error.verify_message)
thread.join()
print('server', refused)
async def main():
    async def answer(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()
    server = await asyncio.start_server(answer, '127.0.0.1', 0, ssl=server_context)
    async def ask(i):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), ssl=context, server_hostname='localhost')
        writer.write(b'%d\n' % i)
        line = await reader.readline()
        writer.close()
        return int(line)
    print('asyncio', sorted(await asyncio.gather(*map(ask, range(5)))))
    server.close()
asyncio.run(main())
END
