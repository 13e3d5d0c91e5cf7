package dev.nacelle.train.export;

import dev.nacelle.adapter.AdapterBlend;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.LoraKind;
import dev.nacelle.file.PeftAdapter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What some adapters add to a model's linear layers: Σ wᵢ·sᵢ·Bᵢ·Aᵢ, heads each weighed by a
 * mixture. A is read once a layer, B a few rows at a time.
 */
final class Updates implements AutoCloseable {
  private final List<PeftAdapter> adapters = new ArrayList<>();
  private final Map<String, List<Term>> modules = new HashMap<>();

  /** One B, or one head, with its factor. */
  private record Term(PeftAdapter adapter, String b, double factor) {}

  private Updates() {}

  /**
   * @param linears the base model's linear modules, path → {out, in}, the head included
   * @throws dev.nacelle.NacelleException of kind INPUT where an adapter is malformed, of a kind
   *     that cannot be merged, or for another model
   */
  static Updates open(MergeOptions options, Map<String, long[]> linears, FaultInjector faults) {
    Updates updates = new Updates();
    try {
      for (AdapterBlend.Choice choice : options.adapters()) {
        PeftAdapter adapter = PeftAdapter.open(choice.folder(), linears, faults);
        double factor = choice.weight() * adapter.config().scale();
        updates.adapters.add(adapter);
        Map<String, Double> bs = Mixture.of(choice.folder(), adapter.config(), options.mixture());
        for (PeftAdapter.Adapted adapted : adapter.modules()) {
          List<Term> terms =
              updates.modules.computeIfAbsent(adapted.modulePath(), path -> new ArrayList<>());
          bs.forEach((b, share) -> terms.add(new Term(adapter, b, factor * share)));
        }
      }
      return updates;
    } catch (RuntimeException | Error e) {
      updates.close();
      throw e;
    }
  }

  /** Paths of the modules that are changed. */
  Set<String> modules() {
    return new TreeSet<>(modules.keySet());
  }

  /** Whether anything is added to the module. */
  boolean has(String module) {
    return modules.containsKey(module);
  }

  /** The update of one module, to be read in rows. */
  Rows rows(String module) {
    List<RowTerm> terms = new ArrayList<>();
    for (Term term : modules.getOrDefault(module, List.of())) {
      int rank = term.adapter.config().rank();
      RowTerm before = terms.isEmpty() ? null : terms.getLast();
      float[] a =
          before != null && before.adapter == term.adapter
              ? before.a
              : term.adapter.values(module, LoraKind.A);
      terms.add(new RowTerm(term.adapter, term.b, (float) term.factor, rank, a));
    }
    return new Rows(module, terms);
  }

  @SuppressWarnings("ArrayRecordComponent") // A (rank, in), read only
  private record RowTerm(PeftAdapter adapter, String b, float factor, int rank, float[] a) {}

  /** Rows of one module's update. */
  static final class Rows {
    private final String module;
    private final List<RowTerm> terms;
    private final List<float[]> bs = new ArrayList<>();

    private Rows(String module, List<RowTerm> terms) {
      this.module = module;
      this.terms = terms;
    }

    /** Reads the rows of every B that the next calls of {@link #add} ask for. */
    void read(long first, int rows) {
      bs.clear();
      for (RowTerm term : terms) {
        bs.add(term.adapter.rows(module, term.b, first, rows));
      }
    }

    /**
     * Adds a row of the update, B's row times A in fp32 and then the factor, as PEFT does.
     *
     * @param row counted from the first that was read
     * @param target where the row begins at {@code at}
     * @param scratch a row of room
     */
    void add(int row, float[] target, int at, int columns, float[] scratch) {
      for (int t = 0; t < terms.size(); t++) {
        RowTerm term = terms.get(t);
        float[] b = bs.get(t);
        float[] a = term.a;
        Arrays.fill(scratch, 0, columns, 0);
        for (int k = 0; k < term.rank; k++) {
          axpy(scratch, b[row * term.rank + k], a, k * columns, columns);
        }
        for (int c = 0; c < columns; c++) {
          target[at + c] += term.factor * scratch[c];
        }
      }
    }

    private static void axpy(float[] y, float factor, float[] x, int from, int columns) {
      for (int c = 0; c < columns; c++) {
        y[c] += factor * x[from + c];
      }
    }
  }

  @Override
  public void close() {
    adapters.forEach(PeftAdapter::close);
  }
}
