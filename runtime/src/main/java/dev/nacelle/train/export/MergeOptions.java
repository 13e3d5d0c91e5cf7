package dev.nacelle.train.export;

import dev.nacelle.adapter.AdapterBlend;
import dev.nacelle.nativeaccess.DType;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is merged into what.
 *
 * @param model a Hugging Face folder or a GGUF file
 * @param adapters what is added, each with its weight
 * @param out the folder, or the GGUF file, to be written
 * @param mixture what each head of a HydraLoRA adapter weighs, whatever the token; empty for none
 * @param dtype type of a folder's weights; null for the base's own, fp32 where that is quantised
 * @param shardBytes size from which a folder's weights are cut into several files
 * @param overwrite whether what is there may be replaced
 * @param threads that compute
 */
public record MergeOptions(
    Path model,
    List<AdapterBlend.Choice> adapters,
    Path out,
    List<Double> mixture,
    @Nullable DType dtype,
    long shardBytes,
    boolean overwrite,
    int threads) {

  public MergeOptions {
    adapters = List.copyOf(adapters);
    mixture = List.copyOf(mixture);
  }
}
