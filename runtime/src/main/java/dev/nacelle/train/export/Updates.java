package dev.nacelle.train.export;

import dev.nacelle.adapter.AdapterBlend;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What some adapters add to a model's linear layers: Σ wᵢ·sᵢ·Bᵢ·Aᵢ. A is read once a layer, B a few
 * rows at a time.
 */
final class Updates implements AutoCloseable {
  private final List<PeftAdapter> adapters = new ArrayList<>();
  private final Map<String, List<Term>> modules = new HashMap<>();

  private record Term(PeftAdapter adapter, double factor, int rank) {}

  private Updates() {}

  /**
   * @param linears the base model's linear modules, path → {out, in}, the head included
   * @throws dev.nacelle.NacelleException of kind INPUT where an adapter is malformed, of a kind
   *     that cannot be merged, or for another model
   */
  static Updates open(
      List<AdapterBlend.Choice> choices, Map<String, long[]> linears, FaultInjector faults) {
    Updates updates = new Updates();
    try {
      for (AdapterBlend.Choice choice : choices) {
        PeftAdapter adapter = PeftAdapter.open(choice.folder(), linears, faults);
        int rank = adapter.config().rank();
        double factor = choice.weight() * adapter.config().scale();
        updates.adapters.add(adapter);
        for (PeftAdapter.Adapted adapted : adapter.modules()) {
          updates
              .modules
              .computeIfAbsent(adapted.modulePath(), path -> new ArrayList<>())
              .add(new Term(adapter, factor, rank));
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
      terms.add(new RowTerm(term.adapter, (float) term.factor, term.rank, term.adapter.a(module)));
    }
    return new Rows(module, terms);
  }

  @SuppressWarnings("ArrayRecordComponent") // A (rank, in), read only
  private record RowTerm(PeftAdapter adapter, float factor, int rank, float[] a) {}

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
        float[] b = new float[rows * term.rank];
        try (NativeBuffer wide = NativeBuffer.allocate(4L * b.length)) {
          term.adapter.readB(module, first, rows, wide);
          wide.read(0, b, 0, b.length);
        }
        bs.add(b);
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
