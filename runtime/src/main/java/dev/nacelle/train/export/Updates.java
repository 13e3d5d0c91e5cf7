package dev.nacelle.train.export;

import dev.nacelle.adapter.AdapterBlend;
import dev.nacelle.file.DoraKind;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.LoraKind;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.file.WholeModules;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What some adapters add to a model's linear layers: Σ wᵢ·sᵢ·Bᵢ·Aᵢ, heads each weighed by a
 * mixture, or what DoRA makes of the sum. A is read once a layer, B a few rows at a time.
 */
final class Updates implements AutoCloseable {
  private final List<PeftAdapter> adapters = new ArrayList<>();
  private final Map<String, List<Term>> modules = new HashMap<>();
  private final Map<String, PeftAdapter> whole = new HashMap<>();

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
        updates.adapters.add(adapter);
        if (options.adapters().size() > 1 || choice.weight() != 1) {
          AdapterBlend.requireAddable(choice.folder(), adapter.config());
        }
        Map<String, Double> bs = Mixture.of(choice.folder(), adapter.config(), options.mixture());
        for (PeftAdapter.Adapted adapted : adapter.modules()) {
          String path = adapted.modulePath();
          double factor = choice.weight() * adapter.config().scale(path);
          List<Term> terms = updates.modules.computeIfAbsent(path, ignored -> new ArrayList<>());
          bs.forEach((b, share) -> terms.add(new Term(adapter, b, factor * share)));
        }
        adapter.whole().forEach(w -> updates.whole.put(w.modulePath(), adapter));
      }
      return updates;
    } catch (RuntimeException | Error e) {
      updates.close();
      throw e;
    }
  }

  /** Paths of the modules that are changed. */
  Set<String> modules() {
    Set<String> changed = new TreeSet<>(modules.keySet());
    changed.addAll(whole.keySet());
    return changed;
  }

  /** Whether the module is changed. */
  boolean has(String module) {
    return modules.containsKey(module) || whole.containsKey(module);
  }

  /** The update of one module, to be read in rows. */
  Rows rows(String module) {
    List<RowTerm> terms = new ArrayList<>();
    float[] magnitude = null;
    for (Term term : modules.getOrDefault(module, List.of())) {
      int rank = term.adapter.config().rank(module);
      RowTerm before = terms.isEmpty() ? null : terms.getLast();
      float[] a =
          before != null && before.adapter == term.adapter
              ? before.a
              : term.adapter.values(module, LoraKind.A);
      terms.add(new RowTerm(term.adapter, term.b, (float) term.factor, rank, a));
      if (term.adapter.config().kind() instanceof DoraKind) {
        magnitude = term.adapter.values(module, DoraKind.MAGNITUDE);
      }
    }
    return new Rows(module, terms, magnitude, whole.get(module));
  }

  @SuppressWarnings("ArrayRecordComponent") // A (rank, in), read only
  private record RowTerm(PeftAdapter adapter, String b, float factor, int rank, float[] a) {}

  /** Rows of one module's update. */
  static final class Rows {
    private final String module;
    private final List<RowTerm> terms;
    private final float @Nullable [] magnitude;
    private final @Nullable PeftAdapter whole;
    private float[] trained = {};
    private final List<float[]> bs = new ArrayList<>();
    private long first;

    /**
     * @param magnitude lengths of the changed rows, by DoRA; null where a sum is all
     * @param whole what holds the module whole; null where nothing does
     */
    private Rows(
        String module,
        List<RowTerm> terms,
        float @Nullable [] magnitude,
        @Nullable PeftAdapter whole) {
      this.whole = whole;
      this.module = module;
      this.terms = terms;
      this.magnitude = magnitude;
    }

    /** Reads the rows of every B that the next calls of {@link #add} ask for. */
    void read(long from, int rows) {
      first = from;
      bs.clear();
      if (whole != null) {
        trained = whole.rows(module, WholeModules.WEIGHT, from, rows);
      }
      for (RowTerm term : terms) {
        bs.add(term.adapter.rows(module, term.b, from, rows));
      }
    }

    /** Whether {@link #replace} says what a row becomes, and not {@link #change}. */
    boolean replaces() {
      return whole != null;
    }

    /**
     * What a row becomes that trained as a whole.
     *
     * @param row counted from the first that was read
     * @param to written from {@code at} on
     */
    void replace(int row, float[] to, int at, int columns) {
      System.arraycopy(trained, row * columns, to, at, columns);
    }

    /**
     * What is added to a row: B's row times A in fp32 and then the factor, as PEFT does; by DoRA
     * the row with that, brought to its length, less the row.
     *
     * @param row counted from the first that was read
     * @param before the row of the base's weight
     * @param delta written
     * @param scratch a row of room
     */
    void change(int row, float[] before, float[] delta, int columns, float[] scratch) {
      Arrays.fill(delta, 0, columns, 0);
      add(row, delta, columns, scratch);
      if (magnitude != null) {
        double squares = 0;
        for (int c = 0; c < columns; c++) {
          double v = (double) before[c] + delta[c];
          squares += v * v;
        }
        double stretch = magnitude[Math.toIntExact(first + row)] / Math.sqrt(squares);
        for (int c = 0; c < columns; c++) {
          delta[c] = (float) (((double) before[c] + delta[c]) * stretch - before[c]);
        }
      }
    }

    private void add(int row, float[] target, int columns, float[] scratch) {
      for (int t = 0; t < terms.size(); t++) {
        RowTerm term = terms.get(t);
        float[] b = bs.get(t);
        float[] a = term.a;
        Arrays.fill(scratch, 0, columns, 0);
        for (int k = 0; k < term.rank; k++) {
          axpy(scratch, b[row * term.rank + k], a, k * columns, columns);
        }
        for (int c = 0; c < columns; c++) {
          target[c] += term.factor * scratch[c];
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
