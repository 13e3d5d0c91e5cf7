package dev.nacelle.train.export;

import dev.nacelle.NacelleException;
import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.AdapterKind;
import dev.nacelle.file.AtomicFolder;
import dev.nacelle.file.DoraKind;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.LoraKind;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.file.Quoted;
import dev.nacelle.file.VeraKind;
import dev.nacelle.file.WholeModules;
import dev.nacelle.nativeaccess.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Adapters from one kind into another, where both compute the same: LoRA and HydraLoRA of one head,
 * whose softmax is 1 whatever its router holds; and LoRA of VeRA, whose vectors go into A and B.
 */
public final class AdapterConversion {
  private static final long ROWS_AT_ONCE = 256;

  private AdapterConversion() {}

  /** What was written. */
  public record Result(Path out, String from, String to, int modules, int rank) {}

  /**
   * Converts an adapter.
   *
   * @param to {@code lora} or {@code hydra}
   * @throws NacelleException of kind USAGE where the kind is no other one or the target not free;
   *     INPUT where no adapter of that kind computes the same
   */
  public static Result convert(
      Path model, Path adapter, String to, Path out, boolean overwrite, FaultInjector faults) {
    AtomicFolder.check(out, overwrite);
    AdapterKind target = target(to);
    try (MergeBase base = MergeBase.open(model, faults);
        PeftAdapter from = PeftAdapter.open(adapter, base.linears(), faults)) {
      AdapterConfig config = from.config();
      check(config.kind(), target, adapter);
      List<String> modules = new ArrayList<>();
      List<NamedTensor> tensors = new ArrayList<>();
      for (PeftAdapter.Adapted module : from.modules()) {
        refuseHead(module.modulePath(), target);
        modules.add(module.modulePath());
        for (AdapterKind.Part part : target.parts(config.rank(), module.out(), module.in())) {
          tensors.add(part(from, module.modulePath(), part));
        }
      }
      for (PeftAdapter.Adapted whole : from.whole()) {
        tensors.add(whole(from, whole));
      }
      AdapterConfig converted = config.withKind(target);
      AtomicFolder.write(
          out, faults, folder -> PeftAdapter.write(folder, converted, modules, tensors, faults));
      return new Result(out, config.kind().word(), to, modules.size(), config.rank());
    }
  }

  /** What trains whole goes along as it is, some rows at a time. */
  private static NamedTensor whole(PeftAdapter from, PeftAdapter.Adapted whole) {
    return new NamedTensor(
        PeftAdapter.PREFIX + whole.modulePath() + WholeModules.WEIGHT,
        DType.FP32,
        new long[] {whole.out(), whole.in()},
        sink -> {
          for (long row = 0; row < whole.out(); row += ROWS_AT_ONCE) {
            long rows = Math.min(ROWS_AT_ONCE, whole.out() - row);
            NamedTensor.floats(from.rows(whole.modulePath(), WholeModules.WEIGHT, row, rows))
                .writeTo(sink);
          }
        });
  }

  private static AdapterKind target(String to) {
    return switch (to) {
      case "lora" -> new LoraKind();
      case "hydra" -> new HydraKind(1);
      default -> throw NacelleException.usage("--to " + to + " is no kind", "choose lora or hydra");
    };
  }

  private static void check(AdapterKind from, AdapterKind to, Path adapter) {
    if (from.word().equals(to.word())) {
      throw NacelleException.usage(
          "the adapter " + Quoted.path(adapter) + " is " + from.word() + " already",
          "use it as it is");
    }
    boolean isPair =
        switch (from) {
          case LoraKind lora -> !lora.isRankStabilised();
          case HydraKind hydra -> true;
          case DoraKind dora -> false;
          case VeraKind vera -> to instanceof LoraKind;
        };
    if (!isPair) {
      throw NacelleException.input(
          "the adapter "
              + Quoted.path(adapter)
              + " is of kind "
              + from.word()
              + ", and nothing makes an equal "
              + to.word()
              + " adapter of it",
          "use it as it is, or merge it: nacelle merge");
    }
    if (from instanceof HydraKind hydra && hydra.heads() > 1) {
      throw NacelleException.input(
          "the adapter "
              + Quoted.path(adapter)
              + " has "
              + hydra.heads()
              + " heads, whose weights depend on the token: no "
              + to.word()
              + " adapter computes the same",
          "use it as it is, or merge a fixed mixture: nacelle merge --mixture");
    }
  }

  private static void refuseHead(String path, AdapterKind to) {
    if (to instanceof HydraKind && path.equals("lm_head")) {
      throw NacelleException.input(
          "the adapter changes lm_head, and hydra adapters do not go beside it", "use it as it is");
    }
  }

  /** A stays; the one B is the one head; a router of zeros is as good as any. */
  private static NamedTensor part(PeftAdapter from, String path, AdapterKind.Part part) {
    String b = from.config().kind() instanceof HydraKind ? HydraKind.head(0) : LoraKind.B;
    String source = part.suffix().equals(LoraKind.A) ? LoraKind.A : b;
    String name = PeftAdapter.PREFIX + path + part.suffix();
    float[] values =
        part.suffix().equals(HydraKind.ROUTER)
            ? new float[Math.toIntExact(part.shape()[0] * part.shape()[1])]
            : from.values(path, source);
    return NamedTensor.of(name, values, part.shape());
  }
}
