package dev.nacelle.kernels.cuda;

import dev.nacelle.nativeaccess.NativeException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A .cu file with all that it includes, out of the class path: what NVRTC is given.
 *
 * @param name the folder's and the file's: {@code swiglu} for swiglu/swiglu.cu
 * @param text of the file
 * @param headers text of each header under the name by which it is included
 */
public record CudaSource(String name, String text, Map<String, String> headers) {
  /** Every source, by the name that launches give. */
  public static final List<String> NAMES =
      List.of(
          "adamw",
          "attention",
          "clip_grad_norm",
          "cross_entropy",
          "dequantize",
          "dora_linear",
          "elementwise",
          "fourier_filter",
          "geglu",
          "gemm",
          "hydra_linear",
          "leaky_integrate",
          "neuron",
          "quantize_activation",
          "quantized_linear",
          "rms_norm",
          "rope",
          "spike_linear",
          "spike_pack",
          "sum_of_squares",
          "swiglu");

  /** What NVRTC is told beside the architecture: nk_cuda.h says why no product may be fused. */
  public static final List<String> OPTIONS = List.of("--std=c++17", "--fmad=false");

  /** Where build.sh puts the sources. */
  private static final String ROOT = "/native/cuda/";

  /** Folders whose headers are included by their bare names. */
  private static final List<String> SHARED = List.of("cuda/", "common/", "");

  private static final Pattern INCLUDE = Pattern.compile("(?m)^#include \"([^\"]+)\"");

  /** What only the other compilers include: C's own header, and the emulation's. */
  private static final List<String> FOREIGN = List.of("nk.h", "emulation.h");

  public CudaSource {
    headers = Map.copyOf(headers);
  }

  /**
   * Reads a source and its headers.
   *
   * @throws NativeException if one is not on the class path: this build is incomplete
   */
  public static CudaSource read(String name) {
    String folder = name + "/";
    String text = resource(folder + name + ".cu");
    if (text == null) {
      throw new NativeException(
          "this build of Nacelle has no CUDA source " + folder + name + ".cu; build again");
    }
    Map<String, String> headers = new TreeMap<>();
    gather(text, folder, headers);
    return new CudaSource(name, text, headers);
  }

  /** Headers of {@code text}, which lies in {@code folder}, and theirs. */
  private static void gather(String text, String folder, Map<String, String> headers) {
    Matcher include = INCLUDE.matcher(text);
    while (include.find()) {
      String spelt = include.group(1);
      if (FOREIGN.contains(spelt) || headers.containsKey(spelt)) {
        continue;
      }
      String place = folder;
      String header = resource(folder + spelt);
      for (int i = 0; header == null && i < SHARED.size(); i++) {
        place = SHARED.get(i);
        header = resource(place + spelt);
      }
      if (header == null) {
        throw new NativeException(
            "this build of Nacelle has no CUDA header " + spelt + "; build again");
      }
      headers.put(spelt, header);
      String path = place + spelt;
      gather(header, path.substring(0, path.lastIndexOf('/') + 1), headers);
    }
  }

  private static @Nullable String resource(String path) {
    try (InputStream in = CudaSource.class.getResourceAsStream(ROOT + path)) {
      return in == null ? null : new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new NativeException("cannot read the CUDA source " + path, e);
    }
  }
}
