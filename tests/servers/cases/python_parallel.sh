# multiprocessing (fork, spawn, forkserver; queues, pipes, locks, shared memory, managers) and concurrent.futures.
# packages: python3
# needs: python3
cat >/tmp/parallel.py <<'END'
import concurrent.futures, multiprocessing, os, time
from multiprocessing import shared_memory
N = 4 if os.environ.get('SHORT') else 40
def square(x): return x * x
def add(counter, lock):
    for _ in range(100):
        with lock: counter.value += 1
def fill(name):
    m = shared_memory.SharedMemory(name)
    m.buf[:5] = b'hello'
    m.close()
def talk(connection):
    connection.send({'got': connection.recv()})
    connection.close()
def put(q):
    for i in range(10): q.put(i)
def main():
    methods = ['fork'] if os.environ.get('SHORT') else ['fork', 'spawn', 'forkserver']
    for method in methods:
        c = multiprocessing.get_context(method)
        with c.Pool(2) as pool: print(method, 'pool', sum(pool.map(square, range(N * 10))))
        counter, lock = c.Value('i', 0, lock=False), c.Lock()
        workers = [c.Process(target=add, args=(counter, lock)) for _ in range(3)]
        for w in workers: w.start()
        for w in workers: w.join()
        print(method, 'counter', counter.value, [w.exitcode for w in workers])
        here, there = c.Pipe()
        w = c.Process(target=talk, args=(there,)); w.start()
        here.send([1, 2]); print(method, 'pipe', here.recv()); w.join()
        q = c.Queue(); w = c.Process(target=put, args=(q,)); w.start()
        print(method, 'queue', [q.get(timeout=60) for _ in range(10)]); w.join()
        m = shared_memory.SharedMemory(create=True, size=100)
        w = c.Process(target=fill, args=(m.name,)); w.start(); w.join()
        print(method, 'shared memory', bytes(m.buf[:5])); m.close(); m.unlink()
        with c.Manager() as manager:
            d = manager.dict(a=1); d['b'] = 2; print(method, 'manager', dict(d))
        e = c.Event(); t = c.Process(target=e.set); t.start(); print(method, 'event', e.wait(60)); t.join()
        w = c.Process(target=time.sleep, args=(1000,)); w.start(); w.terminate(); w.join(); print(method, 'terminated', w.exitcode)
    for kind in concurrent.futures.ThreadPoolExecutor, concurrent.futures.ProcessPoolExecutor:
        with kind(3) as executor:
            print(kind.__name__, sum(executor.map(square, range(N))))
            done, _ = concurrent.futures.wait([executor.submit(pow, 2, i) for i in range(N)])
            print(kind.__name__, sum(f.result() for f in done))
if __name__ == '__main__': main()
END
exec python3 -W ignore /tmp/parallel.py
