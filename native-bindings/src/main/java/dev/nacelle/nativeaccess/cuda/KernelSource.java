package dev.nacelle.nativeaccess.cuda;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A CUDA source with all that it includes.
 *
 * @param name for messages: {@code swiglu/swiglu.cu}
 * @param headers name as it is included → text
 * @param options of the compiler, without the architecture
 */
public record KernelSource(
    String name, String text, Map<String, String> headers, List<String> options) {
  public KernelSource {
    headers = new TreeMap<>(headers);
    options = List.copyOf(options);
  }
}
