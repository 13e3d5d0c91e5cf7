package dev.nacelle;

import java.util.Map;

/**
 * What one engine holds in native memory, as its ledgers book it: every tensor, mapped weights
 * included; not the JVM, not the code of libraries.
 *
 * @param liveBytes held now
 * @param liveTensors tensors that are not given back yet
 * @param peakBytes the most that one model or one fine-tuning of this engine held at once
 * @param liveClasses {@code liveBytes} by class: parameters, gradients, optimizer, activations,
 *     workspace
 */
public record MemoryUse(
    long liveBytes, long liveTensors, long peakBytes, Map<String, Long> liveClasses) {
  public MemoryUse {
    liveClasses = Map.copyOf(liveClasses);
  }
}
