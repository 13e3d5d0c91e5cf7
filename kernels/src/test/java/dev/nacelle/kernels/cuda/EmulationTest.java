package dev.nacelle.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeException;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The emulation itself: right kernels run, and each fault of probe.cu is found by its name. */
final class EmulationTest {
  private static final int THREADS = 128;

  private EmulatedDevice device;

  @BeforeEach
  void open() throws Exception {
    EmulatedDevice.Opened opened = EmulatedDevice.open();
    assumeTrue(opened.device() != null, opened.reason());
    device = Objects.requireNonNull(opened.device());
  }

  private float[] run(String kernel, LaunchShape shape, int at) {
    try (NativeBuffer y = device.scratch(1024)) {
      device.launch("probe", kernel, shape, new KernelArguments().addresses(y.address()).flags(at));
      float[] values = new float[256];
      y.read(0, values, 0, values.length);
      return values;
    }
  }

  @Test
  void sharedMemoryBarriersAndWarpsWork() {
    int n = 100;
    try (NativeBuffer x = device.scratch(4 * THREADS);
        NativeBuffer y = device.scratch(4 * THREADS)) {
      float sum = 0;
      for (int i = 0; i < n; i++) {
        x.setFloat(i, i + 1);
        sum += i + 1;
      }
      for (int launch = 0; launch < 2; launch++) {
        y.segment().fill((byte) 0xff);
        device.launch(
            "probe",
            "nk_probe_right",
            LaunchShape.blocks(1, THREADS).shared(4 * THREADS),
            new KernelArguments().addresses(y.address(), x.address()).sizes(n));
        for (int i = 0; i < THREADS; i++) {
          if (i % 32 != 31) {
            assertEquals(sum, y.getFloat(i), "thread " + i);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nk_probe_half_barrier|1|divergent barrier: thread 0 waits in __syncthreads at",
        "nk_probe_two_barriers|1|divergent barrier: thread",
        "nk_probe_half_warp|1|divergent barrier: thread",
        "nk_probe_shared_end|1|wrote behind the end of the shared memory 'kept'",
        "nk_probe_crooked|1|a vector of 16 bytes at",
        "nk_probe_much_shared|1|65536 bytes of shared memory, a block has 49152"
      })
  void namesTheFault(String kernel, int at, String words) {
    LaunchShape shape = LaunchShape.blocks(2, THREADS);
    assertEquals(256, run(kernel, shape, 0).length);
    NativeException fault = assertThrows(NativeException.class, () -> run(kernel, shape, at));
    String message = Objects.requireNonNull(fault.getMessage());
    assertTrue(message.contains(words) && message.contains(kernel), message);
    // A dropped block leaves nothing behind that the next launch would feel.
    assertEquals(256, run(kernel, shape, 0).length);
  }

  @Test
  void sharedMemoryHoldsNoOldValues() {
    LaunchShape shape = LaunchShape.blocks(1, THREADS);
    assertEquals(1f, run("nk_probe_unwritten", shape, 0)[5]);
    assertTrue(Float.isNaN(run("nk_probe_unwritten", shape, 1)[5]));
  }

  @Test
  void aMissingBarrierShowsInOneOfTwoOrders() {
    LaunchShape shape = LaunchShape.blocks(1, THREADS);
    int wrong = 0;
    for (int launch = 0; launch < 2; launch++) {
      for (int i = 0; i < THREADS; i++) {
        wrong += run("nk_probe_no_barrier", shape, 1)[i] == 1f ? 0 : 1;
      }
      assertEquals(1f, run("nk_probe_no_barrier", shape, 0)[7]);
    }
    assertTrue(wrong > 0, "no order of threads was wrong");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nk_probe_nothing|32|PI|no kernel is called nk_probe_nothing",
        "nk_probe_unwritten|512|PI|takes blocks of at most 256 threads, given 512",
        "nk_probe_unwritten|32|PL|takes PI, given PL"
      })
  void refusesALaunch(String kernel, int threads, String letters, String words) {
    KernelArguments with = new KernelArguments().addresses(0);
    with = letters.equals("PL") ? with.sizes(0) : with.flags(0);
    KernelArguments given = with;
    NativeException refused =
        assertThrows(
            NativeException.class,
            () -> device.launch("probe", kernel, LaunchShape.blocks(1, threads), given));
    String message = Objects.requireNonNull(refused.getMessage());
    assertTrue(message.contains(words), message);
  }
}
