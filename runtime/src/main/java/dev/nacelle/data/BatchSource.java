package dev.nacelle.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Deals a view's samples out into steps, epoch after epoch without end.
 *
 * <p>The order is one of record numbers; a record without a sample is passed over when its turn
 * comes. So the order does not depend on whether the data were measured before, and a cursor says
 * all there is to say. An epoch's last, smaller micro-batch is used and so is its last, shorter
 * step; no step spans two epochs.
 */
public final class BatchSource {
  private final Records view;
  private final Order order;
  private final long seed;
  private final int batchSize;
  private final int accumulate;
  private Cursor cursor;
  private EpochOrder epochOrder;
  private final long firstEpoch;
  private DataCounts dealt = DataCounts.NONE;

  /**
   * @param batchSize samples a micro-batch, at least 1
   * @param accumulate micro-batches a step, at least 1
   * @param start {@link Cursor#START}, or where an earlier run stopped
   */
  public BatchSource(
      Records view, Order order, long seed, int batchSize, int accumulate, Cursor start) {
    if (batchSize < 1 || accumulate < 1) {
      throw new IllegalArgumentException(
          "batch size " + batchSize + ", accumulation " + accumulate + ": both are at least 1");
    }
    this.view = view;
    this.order = order;
    this.seed = seed;
    this.batchSize = batchSize;
    this.accumulate = accumulate;
    this.cursor = start;
    this.firstEpoch = start.epoch();
    this.epochOrder = orderOf(start.epoch());
  }

  /** Where the next step begins to draw. */
  public Cursor cursor() {
    return cursor;
  }

  /** What was dealt out so far of the epoch that this source began in: each record once. */
  public DataCounts dealt() {
    return dealt;
  }

  /** Optimiser steps in an epoch. Measures the view where that was not done yet. */
  public long stepsPerEpoch() {
    long perStep = Math.multiplyExact((long) batchSize, accumulate);
    return Math.ceilDiv(view.measure(Progress.NONE).samples(), perStep);
  }

  /**
   * The next step's samples.
   *
   * @throws dev.nacelle.NacelleException (input) where a whole epoch has no sample, and as {@link
   *     DataView#read}
   */
  public StepBatches next() {
    boolean wholeEpoch = cursor.position() == 0;
    List<List<Sample>> batches = draw();
    if (batches.isEmpty()) {
      cursor = new Cursor(cursor.epoch() + 1, 0);
      epochOrder = orderOf(cursor.epoch());
      batches = wholeEpoch ? batches : draw();
      if (batches.isEmpty()) {
        // Measuring throws with the counts that say why.
        view.measure(Progress.NONE);
        throw new IllegalStateException("an epoch without samples in a view that has some");
      }
    }
    return new StepBatches(batches, cursor.epoch(), cursor);
  }

  private List<List<Sample>> draw() {
    List<List<Sample>> batches = new ArrayList<>(accumulate);
    List<Sample> batch = new ArrayList<>(batchSize);
    long position = cursor.position();
    while (position < epochOrder.size() && batches.size() < accumulate) {
      Optional<Reading> reading = view.read(epochOrder.at(position++));
      if (reading.isPresent() && cursor.epoch() == firstEpoch) {
        dealt = dealt.plus(reading.get());
      }
      if (reading.isPresent() && reading.get() instanceof Reading.Kept kept) {
        batch.add(kept.sample());
        if (batch.size() == batchSize) {
          batches.add(List.copyOf(batch));
          batch.clear();
        }
      }
    }
    if (!batch.isEmpty()) {
      batches.add(List.copyOf(batch));
    }
    cursor = new Cursor(cursor.epoch(), position);
    return List.copyOf(batches);
  }

  private EpochOrder orderOf(long epoch) {
    return order == Order.FILE
        ? EpochOrder.file(view.records())
        : EpochOrder.shuffled(view.records(), seed, epoch);
  }
}
