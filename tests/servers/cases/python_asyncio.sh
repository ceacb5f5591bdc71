# asyncio: streams over TCP and a Unix socket, subprocesses, signals, timeouts, threads, datagrams.
# packages: python3
# needs: python3
exec python3 - <<'END'
import asyncio, os, signal, socket
N = 5 if os.environ.get('SHORT') else 50
async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.write(b'bye\n')
    writer.close()
async def client(connect, i):
    reader, writer = await connect()
    writer.write(b'hello %d\n' % i)
    line = await reader.readline()
    writer.write_eof()
    rest = await reader.read()
    writer.close()
    await writer.wait_closed()
    return line + rest
class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport): self.transport = transport
    def datagram_received(self, data, address): self.transport.sendto(data[::-1], address)
class Once(asyncio.DatagramProtocol):
    def __init__(self, answer): self.answer = answer
    def connection_made(self, transport): transport.sendto(b'abc')
    def datagram_received(self, data, address): self.answer.set_result(data)
async def main():
    loop = asyncio.get_running_loop()
    print(type(loop._selector).__name__)
    for family, host in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):
        server = await asyncio.start_server(serve, host, 0, family=family)
        port = server.sockets[0].getsockname()[1]
        answers = await asyncio.gather(*(client(lambda: asyncio.open_connection(host, port), i) for i in range(N)))
        print(host, len(answers), answers[0], answers[-1])
        server.close()
        await server.wait_closed()
    server = await asyncio.start_unix_server(serve, '/tmp/asyncio.socket')
    answers = await asyncio.gather(*(client(lambda: asyncio.open_unix_connection('/tmp/asyncio.socket'), i) for i in range(N)))
    print('unix', len(answers), answers[0], answers[-1])
    server.close()
    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=('127.0.0.1', 0))
    answer = loop.create_future()
    other, _ = await loop.create_datagram_endpoint(lambda: Once(answer), remote_addr=transport.get_extra_info('sockname'))
    print('datagram', await answer)
    other.close(); transport.close()
    process = await asyncio.create_subprocess_exec('sort', stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    print('subprocess', (await process.communicate(b'c\na\nb\n'))[0], process.returncode)
    process = await asyncio.create_subprocess_shell('exit 7')
    print('exit', await process.wait())
    process = await asyncio.create_subprocess_exec('sleep', '100')
    process.terminate()
    print('terminated', await process.wait())
    caught = loop.create_future()
    loop.add_signal_handler(signal.SIGUSR1, lambda: caught.set_result('SIGUSR1'))
    os.kill(os.getpid(), signal.SIGUSR1)
    print('signal', await caught)
    try:
        await asyncio.wait_for(asyncio.sleep(100), 0.05)
    except asyncio.TimeoutError:
        print('timeout')
    print('thread', await asyncio.to_thread(sum, range(1000)))
    try:
        await asyncio.open_connection('127.0.0.1', 1)
    except ConnectionRefusedError as error:
        print('refused', error.errno)
    try:
        await asyncio.open_connection('203.0.113.1', 80)
    except OSError as error:
        print('unreachable', error.errno)
asyncio.run(main())
END
