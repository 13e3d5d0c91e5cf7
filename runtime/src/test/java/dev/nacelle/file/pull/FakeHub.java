package dev.nacelle.file.pull;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * A model hub on two ports of this machine: the hub itself, and the storage that large files are
 * redirected to. Each file can be served badly.
 */
final class FakeHub implements AutoCloseable {
  static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  static final String TOKEN = "hf_secretSecretSecret";

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer hub;
  private final HttpServer storage;
  private final CountDownLatch end = new CountDownLatch(1);

  final Map<String, byte[]> files = new LinkedHashMap<>();

  /** What happens to the next contents that are asked for, by file; one request takes one. */
  final Map<String, List<Fault>> faults = new HashMap<>();

  /** Headers that replace the right ones, by file. */
  final Map<String, Map<String, String>> lies = new HashMap<>();

  /** Every request: host, method, path, range. */
  final List<String> requests = Collections.synchronizedList(new ArrayList<>());

  /** Every authorisation header that came, behind {@code hub} or {@code storage}. */
  final List<String> authorisations = Collections.synchronizedList(new ArrayList<>());

  boolean tokenNeeded;
  boolean knowsRanges = true;
  boolean knowsHead = true;
  boolean headHidesDigests;
  String commit = COMMIT;
  String license = "apache-2.0";
  List<String> extraNames = new ArrayList<>();

  /** A way to serve content badly. */
  sealed interface Fault {
    /** An answer without content. */
    record Status(int code, @Nullable String retryAfter) implements Fault {}

    /** The connection ends after so many bytes of the body. */
    record Drop(int bytes) implements Fault {}

    /** The connection ends before any answer. */
    record HangUp() implements Fault {}

    /** Silence after so many bytes. */
    record Stall(int bytes) implements Fault {}
  }

  FakeHub() throws IOException {
    hub = server("hub");
    storage = server("storage");
  }

  private HttpServer server(String role) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
    server.setExecutor(threads);
    server.createContext("/", exchange -> answer(role, exchange));
    server.start();
    return server;
  }

  String endpoint() {
    return "http://127.0.0.1:" + hub.getAddress().getPort();
  }

  void add(String name, String text) {
    files.put(name, text.getBytes(StandardCharsets.UTF_8));
  }

  /** A model whose weights are noise of a known seed. */
  byte[] model(int bytes) {
    add("config.json", "{\"model_type\":\"llama\"}");
    add("tokenizer.json", "{}");
    add("tokenizer_config.json", "{}");
    add("README.md", "a model");
    add("pytorch_model.bin", "a pickle");
    add("onnx/model.onnx", "another form");
    byte[] weights = noise(bytes, 7);
    files.put("model.safetensors", weights);
    return weights;
  }

  static byte[] noise(int bytes, long seed) {
    byte[] noise = new byte[bytes];
    new Random(seed).nextBytes(noise);
    return noise;
  }

  void fault(String file, Fault... all) {
    faults
        .computeIfAbsent(file, f -> Collections.synchronizedList(new ArrayList<>()))
        .addAll(List.of(all));
  }

  void lie(String file, String header, String value) {
    lies.computeIfAbsent(file, f -> new HashMap<>()).put(header, value);
  }

  long count(String part) {
    return requests.stream().filter(r -> r.contains(part)).count();
  }

  private void answer(String role, HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getRawPath();
      String range = exchange.getRequestHeaders().getFirst("Range");
      requests.add(
          role
              + " "
              + exchange.getRequestMethod()
              + " "
              + path
              + (range == null ? "" : " " + range));
      String authorisation = exchange.getRequestHeaders().getFirst("Authorization");
      if (authorisation != null) {
        authorisations.add(role + " " + authorisation);
      }
      if (role.equals("storage")) {
        content(path.substring(1), range, exchange);
      } else if (tokenNeeded && !("Bearer " + TOKEN).equals(authorisation)) {
        status(exchange, authorisation == null ? 401 : 403);
      } else if (path.startsWith("/api/models/org/repo/revision/")) {
        listing(exchange);
      } else if (path.startsWith("/org/repo/resolve/")) {
        String[] parts = path.split("/", 6);
        resolve(parts[5], range, exchange);
      } else {
        status(exchange, 404);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void listing(HttpExchange exchange) throws IOException, InterruptedException {
    if (spoil("listing", exchange, new byte[0])) {
      return;
    }
    StringBuilder json = new StringBuilder("{\"sha\":\"" + commit + "\",");
    json.append("\"cardData\":{\"license\":\"" + license + "\"},\"siblings\":[");
    List<String> names = new ArrayList<>(files.keySet());
    names.addAll(extraNames);
    for (String name : names) {
      json.append("{\"rfilename\":\"").append(name).append("\"},");
    }
    json.setLength(json.length() - 1);
    byte[] body = json.append("]}").toString().getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
  }

  private void resolve(String name, String range, HttpExchange exchange)
      throws IOException, InterruptedException {
    byte[] bytes = files.get(name);
    boolean head = exchange.getRequestMethod().equals("HEAD");
    if (bytes == null) {
      status(exchange, 404);
      return;
    }
    if (head && !knowsHead) {
      status(exchange, 501);
      return;
    }
    boolean large = name.endsWith(".safetensors") || name.endsWith(".gguf");
    Map<String, String> headers = new HashMap<>();
    headers.put("X-Repo-Commit", commit);
    if (large) {
      headers.put("X-Linked-Size", Integer.toString(bytes.length));
      headers.put("X-Linked-Etag", "\"" + digest("SHA-256", new byte[0], bytes) + "\"");
      headers.put(
          "Location",
          "http://127.0.0.1:" + storage.getAddress().getPort() + "/" + name + "?Signature=s3cr3t");
    } else {
      byte[] prefix = ("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII);
      headers.put("ETag", "\"" + digest("SHA-1", prefix, bytes) + "\"");
    }
    headers.putAll(lies.getOrDefault(name, Map.of()));
    if (head && headHidesDigests) {
      headers.keySet().removeAll(List.of("ETag", "X-Linked-Etag"));
    }
    headers.forEach((key, value) -> exchange.getResponseHeaders().set(key, value));
    if (large) {
      status(exchange, 302);
    } else if (head) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(bytes.length));
      exchange.sendResponseHeaders(200, -1);
    } else {
      content(name, range, exchange);
    }
  }

  private void content(String name, String range, HttpExchange exchange)
      throws IOException, InterruptedException {
    byte[] bytes = Objects.requireNonNull(files.get(name));
    int from = 0;
    if (range != null && knowsRanges) {
      from = Integer.parseInt(range.substring("bytes=".length(), range.indexOf('-')));
      if (from >= bytes.length) {
        exchange.getResponseHeaders().set("Content-Range", "bytes */" + bytes.length);
        status(exchange, 416);
        return;
      }
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length);
    }
    byte[] rest = Arrays.copyOfRange(bytes, from, bytes.length);
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(rest.length));
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    if (spoil(name, exchange, rest)) {
      return;
    }
    String said = lies.getOrDefault(name, Map.of()).get("Content-Length");
    exchange.sendResponseHeaders(
        from > 0 ? 206 : 200, said == null ? rest.length : Long.parseLong(said));
    exchange.getResponseBody().write(rest);
  }

  private boolean spoil(String name, HttpExchange exchange, byte[] rest)
      throws IOException, InterruptedException {
    List<Fault> waiting = faults.getOrDefault(name, List.of());
    if (waiting.isEmpty()) {
      return false;
    }
    int sent = 0;
    boolean silent = false;
    switch (waiting.removeFirst()) {
      case Fault.Status s -> {
        if (s.retryAfter != null) {
          exchange.getResponseHeaders().set("Retry-After", s.retryAfter);
        }
        status(exchange, s.code);
        return true;
      }
      case Fault.HangUp h -> {
        return true;
      }
      case Fault.Drop d -> sent = d.bytes;
      case Fault.Stall s -> {
        sent = s.bytes;
        silent = true;
      }
    }
    exchange.sendResponseHeaders(
        exchange.getResponseHeaders().containsKey("Content-Range") ? 206 : 200, rest.length);
    exchange.getResponseBody().write(rest, 0, Math.min(sent, rest.length));
    exchange.getResponseBody().flush();
    if (silent) {
      end.await();
    }
    return true;
  }

  private static void status(HttpExchange exchange, int code) throws IOException {
    exchange.sendResponseHeaders(code, -1);
  }

  static String digest(String algorithm, byte[] prefix, byte[] bytes) {
    try {
      MessageDigest digest = MessageDigest.getInstance(algorithm);
      digest.update(prefix);
      return HexFormat.of().formatHex(digest.digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    end.countDown();
    hub.stop(0);
    storage.stop(0);
    threads.shutdownNow();
  }
}
