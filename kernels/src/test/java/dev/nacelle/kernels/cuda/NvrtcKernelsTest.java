package dev.nacelle.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nacelle.nativeaccess.cuda.NvrtcWheel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Every CUDA source through NVIDIA's own compiler: no warning, no spill that the source does not
 * explain, and the table of registers in the docs as it is. By default the table's digests are held
 * against the sources, and one architecture is compiled; {@code -Dnacelle.nvrtc=all} compiles all
 * of them, {@code write} writes the table. What the compiler said is kept in the user's cache by
 * content.
 */
final class NvrtcKernelsTest {
  private static final Path PAGE = Path.of("../docs/reference/cuda-kernels.md");

  /** The Jetson Orin's. */
  private static final int ALWAYS = 87;

  private static final String MODE = System.getProperty("nacelle.nvrtc", "one");

  /** One source for one architecture. */
  private record Job(CudaSource source, int architecture, Future<String> log) {}

  private static List<CudaSource> sources() {
    return CudaSource.NAMES.stream().map(CudaSource::read).toList();
  }

  /** Every .cu file of the module is in the list. */
  @Test
  void everySourceIsNamed() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/main/native"))) {
      List<String> there =
          files
              .map(f -> f.getFileName().toString())
              .filter(f -> f.endsWith(".cu"))
              .map(f -> f.substring(0, f.length() - ".cu".length()))
              .sorted()
              .toList();
      assertEquals(there, CudaSource.NAMES);
    }
  }

  @Test
  void theTableIsOfTheseSources() throws IOException {
    if (MODE.equals("write")) {
      return;
    }
    List<String> page = Files.readAllLines(PAGE);
    List<String> stale =
        sources().stream()
            .filter(source -> !page.contains(KernelTable.sourceLine(source)))
            .map(CudaSource::name)
            .toList();
    assertEquals(
        List.of(),
        stale,
        "docs/reference/cuda-kernels.md is stale: run with -Dnacelle.nvrtc=write");
  }

  @Test
  @Timeout(1800)
  void everyKernelCompiles() throws Exception {
    NvrtcWheel.Found found = NvrtcWheel.find();
    if (found.library() == null) {
      System.out.println("skipped: " + found.reason());
    }
    assumeTrue(found.library() != null, found.reason());
    Nvrtc nvrtc = new Nvrtc(Objects.requireNonNull(found.library()));
    List<CudaSource> sources = sources();
    List<Integer> architectures = MODE.equals("one") ? List.of(ALWAYS) : KernelTable.ARCHITECTURES;
    Map<String, Map<String, Map<Integer, KernelTable.Use>>> uses = new TreeMap<>();
    List<String> problems = new ArrayList<>();
    try (ExecutorService two = Executors.newFixedThreadPool(2)) {
      List<Job> jobs = new ArrayList<>();
      for (CudaSource source : sources) {
        for (int architecture : architectures) {
          jobs.add(
              new Job(source, architecture, two.submit(() -> log(nvrtc, source, architecture))));
        }
      }
      for (Job job : jobs) {
        collect(job, uses, problems);
      }
    }
    assertEquals(List.of(), problems);
    int kernels = uses.values().stream().mapToInt(Map::size).sum();
    System.out.println(
        "NVRTC "
            + NvrtcWheel.VERSION
            + " compiled "
            + kernels
            + " kernels of "
            + sources.size()
            + " sources for "
            + architectures);
    holdEmulatedAgainst(uses);
    if (MODE.equals("write")) {
      Files.writeString(PAGE, KernelTable.page(sources, uses));
    } else if (architectures.equals(KernelTable.ARCHITECTURES)) {
      assertEquals(KernelTable.page(sources, uses), Files.readString(PAGE));
    }
  }

  private static void collect(
      Job job, Map<String, Map<String, Map<Integer, KernelTable.Use>>> uses, List<String> problems)
      throws Exception {
    String where = job.source.name() + " for sm_" + job.architecture + ": ";
    String log = job.log.get();
    if (log.startsWith(FAILED) || log.contains("warning")) {
      problems.add(where + log);
      return;
    }
    KernelTable.read(log)
        .forEach(
            (kernel, use) -> {
              if (use.spills() > 0 && !KernelTable.explainsSpills(job.source, kernel)) {
                problems.add(where + kernel + " spills " + use.spills() + " bytes");
              }
              uses.computeIfAbsent(job.source.name(), f -> new TreeMap<>())
                  .computeIfAbsent(kernel, k -> new TreeMap<>())
                  .put(job.architecture, use);
            });
  }

  /** What is emulated is what is compiled. */
  private static void holdEmulatedAgainst(
      Map<String, Map<String, Map<Integer, KernelTable.Use>>> uses) throws Exception {
    EmulatedDevice device = EmulatedDevice.open().device();
    if (device != null) {
      TreeSet<String> compiled = new TreeSet<>();
      uses.values().forEach(kernels -> compiled.addAll(kernels.keySet()));
      List<String> emulated =
          device.kernels().stream().filter(name -> !name.startsWith("nk_probe")).toList();
      assertEquals(List.copyOf(compiled), emulated);
    }
    assertTrue(uses.size() >= 15, () -> "only " + uses.keySet());
  }

  private static final String FAILED = "failed with ";

  /** The compiler's log, from the cache where these very bytes were compiled before. */
  private static String log(Nvrtc nvrtc, CudaSource source, int architecture) throws Exception {
    List<String> options = new ArrayList<>(CudaSource.OPTIONS);
    options.add("--gpu-architecture=sm_" + architecture);
    options.add("--ptxas-options=-v");
    String key = NvrtcWheel.VERSION + options + KernelTable.digest(source);
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
    Path file = NvrtcWheel.folder().resolve(HexFormat.of().formatHex(hash, 0, 12) + ".log");
    if (Files.isRegularFile(file)) {
      return Files.readString(file);
    }
    Nvrtc.Answer answer = nvrtc.compile(source, options);
    if (answer.code() != 0) {
      return FAILED + answer.code() + "\n" + answer.log();
    }
    Path fresh = Files.createTempFile(NvrtcWheel.folder(), "log", ".tmp");
    Files.writeString(fresh, answer.log());
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    return answer.log();
  }
}
