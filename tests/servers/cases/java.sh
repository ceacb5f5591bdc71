# java: a source file that is compiled, threads, a small http server and its client, files that are watched.
# packages: default-jre-headless
# needs: java
# memory: 1G
cat >/tmp/Serve.java <<'END'
import com.sun.net.httpserver.HttpServer;
import java.net.*;
import java.net.http.*;
import java.nio.channels.*;
import java.nio.file.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.AtomicLong;
public class Serve {
  public static void main(String[] arguments) throws Exception {
    int n = System.getenv("SHORT") != null ? 5 : 200;
    var sum = new AtomicLong();
    var pool = Executors.newFixedThreadPool(8);
    for (int i = 0; i < n; i++) { int k = i; pool.submit(() -> sum.addAndGet(k)); }
    pool.shutdown();
    pool.awaitTermination(100, TimeUnit.SECONDS);
    System.out.println("threads " + (sum.get() == (long) n * (n - 1) / 2));
    var server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext("/", e -> { byte[] b = ("you asked " + e.getRequestURI()).getBytes(); e.sendResponseHeaders(200, b.length); e.getResponseBody().write(b); e.close(); });
    var executor = Executors.newFixedThreadPool(4);
    server.setExecutor(executor);
    server.start();
    var client = HttpClient.newHttpClient();
    String last = "";
    for (int i = 0; i < n; i++) last = client.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/x")).build(), HttpResponse.BodyHandlers.ofString()).body();
    System.out.println(last);
    server.stop(0);
    executor.shutdown();
    try { new Socket("127.0.0.1", 1); } catch (ConnectException e) { System.out.println(e.getMessage()); }
    var unix = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    unix.bind(UnixDomainSocketAddress.of("/tmp/java.socket"));
    var other = SocketChannel.open(UnixDomainSocketAddress.of("/tmp/java.socket"));
    System.out.println("unix " + unix.accept().isConnected());
    var p = new ProcessBuilder("sh", "-c", "echo child; exit 3").start();
    System.out.println(new String(p.getInputStream().readAllBytes()).trim() + " " + p.waitFor());
    var watch = FileSystems.getDefault().newWatchService();
    Files.createDirectory(Path.of("/tmp/watched")).register(watch, StandardWatchEventKinds.ENTRY_CREATE);
    Files.createFile(Path.of("/tmp/watched/file"));
    System.out.println("watch " + watch.poll(60, TimeUnit.SECONDS).pollEvents().get(0).context());
    System.exit(0);
  }
}
END
# The second compiler takes longer than what it saves in so short a program.
exec java ${SHORT:+-XX:TieredStopAtLevel=1} -XX:+UseSerialGC -Xmx200m /tmp/Serve.java
