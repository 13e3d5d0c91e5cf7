package dev.nacelle.data;

import dev.nacelle.NacelleException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The records of a dataset that one purpose uses: all, or one side of a split. */
public final class DataView implements Records {
  enum Side {
    ALL,
    UP_TO,
    ABOVE
  }

  private static final int RECORDS_A_NOTICE = 64;

  private final Dataset dataset;
  private final Side side;
  private final long threshold;
  private @Nullable DataCounts counts;
  private final Outline outline = new Outline();

  DataView(Dataset dataset, Side side, long threshold) {
    this.dataset = dataset;
    this.side = side;
    this.threshold = threshold;
  }

  /** Numbers of records run from 0 to this, those of the other side included. */
  @Override
  public long records() {
    return dataset.records();
  }

  /**
   * What the record comes to; empty where it belongs to the other side.
   *
   * @throws NacelleException (input) with {@code FILE:LINE} where the chat template refuses it, or
   *     rewrites its earlier turns, and bad lines are not skipped
   */
  @Override
  public Optional<Reading> read(long record) {
    RecordIndex.Entry entry = dataset.index().get(record);
    return contains(entry) ? Optional.of(dataset.read(record, entry)) : Optional.empty();
  }

  /**
   * Numbers of records of this view: all of them in their order, or as many as are wanted, drawn by
   * a seed.
   */
  public List<Long> drawn(int most, long seed) {
    EpochOrder order =
        records() <= most ? EpochOrder.file(records()) : EpochOrder.shuffled(records(), seed, 0);
    List<Long> drawn = new ArrayList<>();
    for (long place = 0; place < records() && drawn.size() < most; place++) {
      long record = order.at(place);
      if (contains(dataset.index().get(record))) {
        drawn.add(record);
      }
    }
    return drawn;
  }

  /**
   * All that a record says, turn after turn, without the chat template; empty for one that cannot
   * be read any more.
   */
  public String text(long record) {
    return dataset.text(dataset.index().get(record));
  }

  private boolean contains(RecordIndex.Entry entry) {
    int order = Long.compareUnsigned(entry.hash(), threshold);
    return switch (side) {
      case ALL -> true;
      case UP_TO -> order <= 0;
      case ABOVE -> order > 0;
    };
  }

  /**
   * Tokenises every record once, to count. The answer is kept.
   *
   * @throws NacelleException (input) where no sample is left to train on, and as {@link #read}
   */
  @Override
  public DataCounts measure(Progress progress) {
    if (counts == null) {
      counts = count(progress);
    }
    return counts;
  }

  /** The sizes of the samples, once the view was measured. */
  public Outline outline() {
    return outline;
  }

  private DataCounts count(Progress progress) {
    DataCounts all = new DataCounts(0, 0, 0, 0, dataset.badLines(), 0, 0, 0);
    long bytes = 0;
    for (long r = 0; r < records(); r++) {
      RecordIndex.Entry entry = dataset.index().get(r);
      bytes += entry.length();
      if (!contains(entry)) {
        outline.add(Optional.empty());
        continue;
      }
      Reading reading = dataset.read(r, entry);
      outline.add(Optional.of(reading));
      all = all.plus(reading);
      if (r % RECORDS_A_NOTICE == 0) {
        progress.at(bytes, dataset.bytes());
      }
    }
    progress.at(dataset.bytes(), dataset.bytes());
    if (all.samples() == 0) {
      throw nothingLeft(all.dropped(), all.badLines());
    }
    outline.done(all);
    return all;
  }

  NacelleException nothingLeft(long dropped, long bad) {
    return NacelleException.input(
        "Nothing is left to train on in %s: %d records without a target, %d bad lines."
            .formatted(dataset.names(), dropped, bad),
        "Raise --max-length, or look at the records; only assistant turns, completions and plain"
            + " text are trained on unless --train-on all.");
  }
}
