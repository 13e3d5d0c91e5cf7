package dev.nacelle.adapter;

import dev.nacelle.NacelleException;
import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.AdapterKind;
import dev.nacelle.file.AdapterKind.Part;
import dev.nacelle.file.DoraKind;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.LoraKind;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.file.Quoted;
import dev.nacelle.file.VeraKind;
import dev.nacelle.tape.Engine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Several adapters used as one, each with a weight: Σ wᵢ·sᵢ·Bᵢ·Aᵢ. On each module the ranks are
 * stacked, the As above each other and the Bs side by side, with weight and scale multiplied into
 * B; so one pair does the work of all, exactly. A single adapter of weight 1 stays as its file has
 * it. HydraLoRA's heads are weighed by each token and cannot be stacked with others: an adapter of
 * several is used alone.
 */
public final class AdapterBlend {
  private AdapterBlend() {}

  /** One adapter and what its update is multiplied with. */
  public record Choice(Path folder, double weight) {}

  /**
   * Loads and stacks.
   *
   * @param modules the base model's linear layers, the head included
   * @throws dev.nacelle.NacelleException of kind INPUT where one is malformed or for another model
   */
  public static Adapter load(
      Engine engine, List<Choice> choices, List<Adapter.Module> modules, FaultInjector faults) {
    if (choices.size() == 1) {
      Choice only = choices.getFirst();
      if (only.weight() == 1) {
        return AdapterFiles.load(engine, only.folder(), modules, 0, faults);
      }
      AdapterConfig config = PeftAdapter.readConfig(only.folder());
      if (config.kind() instanceof HydraKind) {
        requireAddable(only.folder(), config);
        Adapter adapter = AdapterFiles.load(engine, only.folder(), modules, 0, faults);
        adapter.scaleUps((float) only.weight());
        return adapter;
      }
    }
    Map<String, long[]> linears = new LinkedHashMap<>();
    modules.forEach(m -> linears.put(m.path(), new long[] {m.out(), m.in()}));
    Map<String, Stack> stacks = new LinkedHashMap<>();
    modules.forEach(m -> stacks.put(m.path(), new Stack(m)));
    for (Choice choice : choices) {
      try (PeftAdapter file = PeftAdapter.open(choice.folder(), linears, faults)) {
        requireAddable(choice.folder(), file.config());
        String b = up(choice, file.config().kind());
        for (PeftAdapter.Adapted adapted : file.modules()) {
          String path = adapted.modulePath();
          Stack stack = stacks.get(path);
          if (stack != null) {
            double factor = choice.weight() * file.config().scale(path);
            int rank = file.config().rank(path);
            stack.add(rank, file.values(path, LoraKind.A), file.values(path, b), factor);
          }
        }
      }
    }
    List<LayerAdapter> pairs = new ArrayList<>();
    ParameterMaker maker = new ParameterMaker(engine);
    int highest = 1;
    for (Stack stack : stacks.values()) {
      if (stack.rank > 0) {
        highest = Math.max(highest, stack.rank);
        pairs.add(stack.pair(maker));
      }
    }
    AdapterConfig config =
        AdapterConfig.of(new LoraKind(), highest, highest, 0, List.of(), List.of(), null);
    return new Adapter(config, pairs);
  }

  /** The one B of an adapter, which can be stacked. */
  private static String up(Choice choice, AdapterKind kind) {
    return switch (kind) {
      case LoraKind lora -> LoraKind.B;
      case DoraKind dora -> LoraKind.B;
      case VeraKind vera -> LoraKind.B; // as a pair that comes to the same
      case HydraKind hydra -> {
        if (hydra.heads() > 1) {
          throw NacelleException.usage(
              "--adapter "
                  + choice.folder()
                  + ": HydraLoRA's "
                  + hydra.heads()
                  + " heads do not add up with other adapters",
              "use it alone, or merge a fixed mixture of it first: nacelle merge --mixture");
        }
        yield HydraKind.head(0);
      }
    };
  }

  /**
   * Refuses an adapter that is no sum of its own.
   *
   * @throws NacelleException of kind USAGE
   */
  public static void requireAddable(Path folder, AdapterConfig config) {
    if (config.kind() instanceof DoraKind) {
      throw NacelleException.usage(
          "the adapter "
              + Quoted.path(folder)
              + " is of kind dora: it scales the rows of the adapted weight, and can neither be"
              + " weighted nor be added to others",
          "use it alone with weight 1, or merge it and put the others on the merged model");
    }
    if (!config.whole().isEmpty()) {
      throw NacelleException.usage(
          "the adapter "
              + Quoted.path(folder)
              + " holds "
              + String.join(" and ", config.whole())
              + " whole: that is no sum, and can neither be weighted nor be added to others",
          "use it alone with weight 1, or merge it and put the others on the merged model");
    }
  }

  /** What the adapters bring for one module. */
  private static final class Stack {
    private final Adapter.Module module;
    private final List<float[]> as = new ArrayList<>();
    private final List<float[]> bs = new ArrayList<>();
    private int rank;

    Stack(Adapter.Module module) {
      this.module = module;
    }

    void add(int addedRank, float[] a, float[] b, double factor) {
      for (int i = 0; i < b.length; i++) {
        b[i] = (float) (b[i] * factor);
      }
      as.add(a);
      bs.add(b);
      rank += addedRank;
    }

    LowRankPair pair(ParameterMaker maker) {
      int in = Math.toIntExact(module.in());
      int out = Math.toIntExact(module.out());
      float[] a = new float[Math.multiplyExact(rank, in)];
      float[] b = new float[Math.multiplyExact(rank, out)];
      int row = 0;
      for (int n = 0; n < as.size(); n++) {
        int width = as.get(n).length / in;
        System.arraycopy(as.get(n), 0, a, row * in, width * in);
        for (int o = 0; o < out; o++) {
          System.arraycopy(bs.get(n), o * width, b, o * rank + row, width);
        }
        row += width;
      }
      String path = module.path();
      return new LowRankPair(
          path,
          maker.make(path, new Part(LoraKind.A, rank, in), a),
          true,
          maker.make(path, new Part(LoraKind.B, out, rank), b),
          1f,
          0f,
          0,
          null);
    }
  }
}
