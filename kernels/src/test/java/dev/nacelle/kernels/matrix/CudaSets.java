package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.backend.CudaKernelSet;
import dev.nacelle.kernels.cuda.EmulatedDevice;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** The CUDA sources as a backend of the matrix: what runs them, and what they have run. */
final class CudaSets {
  private CudaSets() {}

  /**
   * Kernels that LargeShapesTest runs: only shapes larger than the matrix's, or typed faces with
   * parameters in a type of their own, reach them.
   */
  private static final Pattern ELSEWHERE =
      Pattern.compile(
          "nk_gemm_forward_128|nk_dequantize_ids"
              + "|nk_attention_(forward|queries|keys)_128"
              + "|nk_(add|scale|gather_rows)_forward"
              + "|nk_(rms_norm_forward|rms_norm_backward|spike_linear_forward)"
              + "_(fp32_bf16|fp32_fp16|bf16_fp16|fp16_bf16)");

  /** How much work the CUDA sources had so far, printed. */
  static void report() throws Exception {
    EmulatedDevice device = EmulatedDevice.open().device();
    System.out.println("cuda on CPU: " + (device == null ? "absent" : device.summary()));
  }

  /** Kernels of the emulated library that nobody launched so far in this process. */
  static List<String> kernelsThatNeverRan() throws Exception {
    EmulatedDevice device = EmulatedDevice.open().device();
    if (device == null) {
      return List.of();
    }
    Set<String> launched = new TreeSet<>();
    device.launched().forEach(name -> launched.add(name.substring(name.indexOf('/') + 1)));
    return device.kernels().stream()
        .filter(name -> !name.startsWith("nk_probe") && !ELSEWHERE.matcher(name).matches())
        .filter(name -> !launched.contains(name))
        .toList();
  }

  /** CUDA on this processor; empty, and said so, where no C++ compiler is. */
  static Optional<KernelSet> emulated() throws Exception {
    EmulatedDevice.Opened opened = EmulatedDevice.open();
    EmulatedDevice device = opened.device();
    if (device == null) {
      System.out.println("skipped: " + opened.reason());
      return Optional.empty();
    }
    return Optional.of(new CudaKernelSet(device, "emulated"));
  }
}
