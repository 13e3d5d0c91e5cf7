package dev.nacelle.nativeaccess.threads;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.nacelle.nativeaccess.blas.Blas;
import dev.nacelle.nativeaccess.ffm.Libc;
import dev.nacelle.nativeaccess.torch.TorchBackend;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One number reaches every pool, on every thread. */
class ThreadGovernorTest {
  private final int before = ThreadGovernor.threads();

  @AfterEach
  void restore() {
    ThreadGovernor.set(before);
  }

  @Test
  void oneNumberGovernsAll() throws InterruptedException {
    OpenMp openMp = OpenMp.load();
    Blas blas = Blas.load();
    TorchBackend torch = TorchBackend.load();
    List<Integer> hook = new ArrayList<>();
    ThreadGovernor.follow(hook::add);
    for (int n : new int[] {1, 2, 3}) {
      ThreadGovernor.set(n);
      assertEquals(
          List.of(n, n, n, n),
          List.of(ThreadGovernor.threads(), openMp.threads(), blas.threads(), torch.threads()));
      List<Integer> seen = new ArrayList<>();
      Thread fresh =
          new Thread(
              () -> {
                seen.add(torch.threads());
                ThreadGovernor.adopt();
                seen.add(openMp.threads());
              });
      fresh.start();
      fresh.join();
      assertEquals(List.of(n, n), seen, "a fresh thread");
    }
    assertEquals(List.of(before, 1, 2, 3), hook);
    assertThrows(IllegalArgumentException.class, () -> ThreadGovernor.set(0));
  }

  @Test
  void idlePoolsAreToldToSleepSoon() {
    OpenMp.load();
    Blas.load();
    String spins = Libc.environment("GOMP_SPINCOUNT");
    assertEquals(true, spins != null || Libc.environment("OMP_WAIT_POLICY") != null);
    assertEquals(true, Libc.environment("OPENBLAS_THREAD_TIMEOUT") != null);
  }

  /** Two copies of the runtime would be two pools. */
  @Test
  void oneOpenMpRuntimeIsMapped() throws IOException {
    OpenMp openMp = OpenMp.load();
    Blas.load();
    TorchBackend.load();
    Set<String> copies =
        new String(Files.readAllBytes(Path.of("/proc/self/maps")), StandardCharsets.UTF_8)
            .lines()
            .filter(line -> line.contains("/lib") && line.contains("omp"))
            .map(line -> line.substring(line.indexOf('/')))
            .collect(Collectors.toSet());
    assertEquals(Set.of(openMp.path()), copies);
  }
}
