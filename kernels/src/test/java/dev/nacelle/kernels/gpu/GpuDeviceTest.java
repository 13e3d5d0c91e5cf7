package dev.nacelle.kernels.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.NeuronOptions;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SpikingNeuron;
import dev.nacelle.kernels.backend.CudaKernelSet;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.kernels.cuda.EmulationBuild;
import dev.nacelle.kernels.cuda.KernelArguments;
import dev.nacelle.kernels.cuda.LaunchShape;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeMemory;
import dev.nacelle.nativeaccess.cuda.CudaDriver;
import dev.nacelle.nativeaccess.cuda.CudaException;
import dev.nacelle.nativeaccess.cuda.KernelLadder;
import dev.nacelle.nativeaccess.ffm.DynamicLibrary;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole way to a GPU without one: the driver's functions are called as for a real device, by a
 * library that runs the emulated kernels in their stead.
 */
final class GpuDeviceTest {
  private static final Path DRIVER = Path.of("../native-bindings/src/test/native/fake_cuda.c");
  private static final byte[] PTX = "// PTX".getBytes(StandardCharsets.UTF_8);

  @TempDir private Path folder;
  private GpuDevice device;

  @BeforeEach
  void open() throws Exception {
    EmulationBuild.Built emulation = EmulationBuild.build(false);
    Path library = emulation.library();
    if (library == null) {
      System.out.println("SKIPPED: " + emulation.reason());
    }
    assumeTrue(library != null, emulation.reason());
    DynamicLibrary.open(String.valueOf(library));
    Path driver = folder.resolve("libcuda.so.1");
    Process compiler =
        new ProcessBuilder(
                "cc",
                "-shared",
                "-fPIC",
                "-DEMULATED",
                "-o",
                driver.toString(),
                DRIVER.toString(),
                "-ldl")
            .inheritIO()
            .start();
    assertEquals(0, compiler.waitFor());
    device =
        new GpuDevice(
            CudaDriver.open(DynamicLibrary.open(driver.toString())),
            0,
            new KernelLadder(
                folder.resolve("kernels"), null, "no NVRTC here", source -> Optional.of(PTX)));
  }

  @AfterEach
  void close() {
    if (device != null) {
      device.close();
    }
  }

  @Test
  void neuronsFireAsTheReferenceSays() {
    float[] x = new float[16 * 70];
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextDouble(-1, 3);
    }
    float[] want = spikes(Kernels.reference(), x);
    NativeMemory.from(
        device.managed(),
        () -> assertArrayEquals(want, spikes(new CudaKernelSet(device, "sm_87"), x)));
    List<KernelLadder.Rung> way = device.ways().get("neuron");
    assertTrue(way != null && way.getLast().taken(), String.valueOf(way));
    assertEquals(KernelLadder.Step.SHIPPED_PTX, way.getLast().step());
    assertFalse(device.resources().isEmpty());
  }

  private static float[] spikes(KernelSet set, float[] values) {
    long[] shape = {16, 70};
    try (NativeBuffer x = NativeBuffer.allocate(4L * values.length);
        NativeBuffer s = NativeBuffer.allocate(4L * values.length);
        NativeBuffer v = NativeBuffer.allocate(4L * 70)) {
      x.write(0, values, 0, values.length);
      set.spikingNeuron()
          .forward(
              new SpikingNeuron.Outputs(
                  Operand.of(s, DType.FP32, shape), Operand.of(v, DType.FP32, 70), null, null),
              new SpikingNeuron.Inputs(Operand.of(x, DType.FP32, shape), null, null, null, null),
              NeuronOptions.LIF);
      float[] spikes = new float[values.length];
      s.read(0, spikes, 0, spikes.length);
      return spikes;
    } finally {
      set.close();
    }
  }

  @Test
  void aWrongLaunchSaysWhatWasLaunched() {
    KernelArguments nothing = new KernelArguments().addresses(0);
    CudaException e =
        assertThrows(
            CudaException.class,
            () -> device.launch("swiglu", "nk_no_such_kernel", LaunchShape.blocks(3, 64), nothing));
    assertTrue(
        String.valueOf(e.getMessage()).contains("nk_no_such_kernel, grid 3×1×1, block 64×1×1"),
        e.getMessage());
    assertTrue(
        String.valueOf(e.getMessage()).contains("no kernel is called nk_no_such_kernel"),
        e.getMessage());
    assertTrue(e.isFatal());
  }

  @Test
  void scratchIsTheDevices() {
    try (NativeBuffer host = NativeBuffer.allocate(16)) {
      host.write(0, new float[] {1, 2, 3, 4}, 0, 4);
      try (NativeBuffer copy = device.upload(host.address(), 16);
          NativeBuffer empty = device.scratch(0)) {
        device.synchronize();
        assertEquals(3f, copy.getFloat(2));
        host.zero();
        device.download(host.address(), copy.address(), 16);
        assertEquals(4f, host.getFloat(3));
        assertEquals(0, empty.byteSize());
      }
    }
    assertEquals(1600L * 3900, device.busyThreads());
    assertTrue(device.hasMatrixUnits(), "8.7 has them");
  }
}
