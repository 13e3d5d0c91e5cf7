package dev.nacelle.train.export;

import dev.nacelle.NacelleException;
import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.GgufWriter;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.file.Quoted;
import dev.nacelle.model.GgufNames;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes an adapter as the GGUF file that llama.cpp takes with {@code --lora}: fp32, A and B of
 * each layer under {@code blk.N.….weight.lora_a} and {@code .lora_b}, and alpha, which it divides
 * by each layer's rank itself: rsLoRA's is multiplied by √rank. Where GGUF keeps the rows of
 * queries and keys interleaved, as of Llamas, the rows of B are too; A sees the same inputs and
 * stays.
 */
public final class AdapterExport {
  private AdapterExport() {}

  /**
   * What was written.
   *
   * @param pairs adapted layers
   * @param bytes of their tensors
   */
  public record Result(Path out, int pairs, int rank, double alpha, long bytes) {}

  /**
   * @param model the adapter's base; only its names and shapes are looked at
   * @throws NacelleException of kind INPUT where the adapter is for another model or cannot be
   *     expressed, USAGE where the target is not free
   */
  public static Result toGguf(
      Path model, Path adapter, Path out, boolean overwrite, FaultInjector faults) {
    GgufMerge.checkTarget(out, overwrite);
    try (MergeBase base = MergeBase.open(model, faults);
        PeftAdapter pairs = PeftAdapter.open(adapter, base.linears(), faults)) {
      refuseHeads(pairs.config(), adapter);
      AdapterConfig config = pairs.config();
      refuseKind(config, adapter);
      refuseHead(base, pairs.modules(), adapter);
      double alpha = config.kind().scale(config.alpha(), config.rank()) * config.rank();
      GgufWriter writer = new GgufWriter(32);
      writer.put("general.architecture", base.config().family().architecture());
      writer.put("general.type", "adapter");
      writer.put("adapter.type", "lora");
      writer.put("general.name", String.valueOf(adapter.toAbsolutePath().getFileName()));
      writer.put("adapter.lora.alpha", (float) alpha);
      writer.putUnsigned("general.file_type", 0);
      for (PeftAdapter.Adapted pair : pairs.modules()) {
        String path = pair.modulePath();
        String name = GgufNames.of(base.config().family(), path + ".weight");
        int rank = config.rank(path);
        // Of alpha a file has one: a layer with a scale of its own carries it in B.
        double factor = alpha == 0 ? 0 : config.scale(path) * rank / alpha;
        int headDim = GgufNames.interleavedRows(base.config(), path + ".weight");
        writer.add(
            name + ".lora_a",
            "F32",
            new long[] {rank, pair.in()},
            sink -> NamedTensor.floats(pairs.a(path)).writeTo(sink));
        writer.add(
            name + ".lora_b",
            "F32",
            new long[] {pair.out(), rank},
            sink ->
                NamedTensor.floats(interleave(times(pairs.b(path), factor), rank, headDim))
                    .writeTo(sink));
      }
      writer.write(out, faults);
      return new Result(out, pairs.modules().size(), config.rank(), alpha, writer.tensorBytes());
    }
  }

  private static float[] times(float[] b, double factor) {
    if (Math.abs(factor - 1) > 1e-9) {
      for (int i = 0; i < b.length; i++) {
        b[i] = (float) (b[i] * factor);
      }
    }
    return b;
  }

  private static void refuseKind(AdapterConfig config, Path adapter) {
    String why = config.kind().whyNotGguf();
    if (why == null && !config.whole().isEmpty()) {
      why =
          "it holds "
              + config.whole().getFirst()
              + " whole, and a GGUF adapter low-rank pairs alone";
    }
    if (why != null) {
      throw NacelleException.input(
          "the adapter " + Quoted.path(adapter) + " cannot become a GGUF adapter: " + why,
          "merge it instead: nacelle merge --format gguf");
    }
  }

  private static void refuseHeads(AdapterConfig config, Path adapter) {
    if (config.kind() instanceof HydraKind hydra) {
      throw NacelleException.input(
          "the adapter "
              + Quoted.path(adapter)
              + " is HydraLoRA's: its router weighs "
              + hydra.heads()
              + (hydra.heads() == 1 ? " head" : " heads")
              + " by each token, and llama.cpp's adapters are low-rank pairs alone",
          hydra.heads() == 1
              ? "nacelle convert --to lora makes an equal pair of it"
              : "merge a fixed mixture instead: nacelle merge --mixture … --format gguf");
    }
  }

  private static void refuseHead(MergeBase base, List<PeftAdapter.Adapted> pairs, Path adapter) {
    for (PeftAdapter.Adapted pair : pairs) {
      if (pair.modulePath().equals("lm_head")) {
        throw NacelleException.input(
            "the adapter "
                + Quoted.path(adapter)
                + " changes lm_head"
                + (base.config().tieWordEmbeddings() ? ", which is tied to the embedding" : "")
                + "; llama.cpp's adapters cannot express that",
            "merge it instead: nacelle merge --format gguf");
      }
    }
  }

  /** Row t·(D/2) + j of each head goes to 2j + t; D of 0 leaves all where they are. */
  private static float[] interleave(float[] b, int rank, int headDim) {
    if (headDim == 0) {
      return b;
    }
    float[] out = new float[b.length];
    int half = headDim / 2;
    for (int row = 0; row < b.length / rank; row++) {
      int within = row % headDim;
      int to = row - within + 2 * (within % half) + within / half;
      System.arraycopy(b, row * rank, out, to * rank, rank);
    }
    return out;
  }
}
