package dev.nacelle.planning;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.nacelle.commandline.Fixtures;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.memory.Strategy;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.StepSizes;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A step's seconds against sums by hand, on the golden Llama of two blocks. */
final class StepTimeTest {
  private static final int LAYERS = 2;
  private static final double ATTENTION_PROJECTIONS = 4 * 32 * 32;
  private static final double GATE_AND_UP = 2 * 64 * 32;
  private static final double DOWN = 32 * 64;
  private static final double BLOCK = ATTENTION_PROJECTIONS + GATE_AND_UP + DOWN;
  private static final double HEAD = 352 * 32;
  private static final double HEADS_BY_WIDTH = 4 * 8;
  private static final StepSizes.Work SIZES = new StepSizes.Work(60, 45, List.of(40, 20));
  private static final double SQUARES = 40 * 40 + 20 * 20;
  private static final double COPY = 1e3;
  private static final double BETWEEN = 2e3;
  private static final double BETWEEN_BACKWARD = 3e3;
  private static final LowRankSpeed LOW_RANK = new LowRankSpeed(2e-4, 3e-5);
  private static final double LOGIT = 5e-5;
  private static final double PAGING = 7e3;
  private static final double STORAGE = 11e3;
  private static final WorkTally.PerToken WORK = new WorkTally.PerToken(130, 170, 190, 230);

  /** Each term has a rate of its own, so that none can stand for another. */
  private record ByHand(
      AttentionSpeed attention, LowRankSpeed lowRank, ByteRates bytes, double logit, double whole)
      implements Speed {
    static final double FORWARD = 1e-6;
    static final double BACKWARD = 3e-6;

    @Override
    public double product(
        String form, boolean forward, long rows, long columns, double tokens, double passes) {
      return rows * columns * tokens * (forward ? FORWARD : BACKWARD);
    }
  }

  private static final Rates RATES =
      new Rates(
          new ByHand(
              new AttentionSpeed(2e-5, 7e-4),
              LOW_RANK,
              new ByteRates(COPY, BETWEEN, BETWEEN_BACKWARD, PAGING),
              LOGIT,
              1),
          STORAGE,
          true);

  private BaseModel base;

  @BeforeEach
  void open() {
    base = BaseModel.open(Fixtures.model("plain"), FaultInjector.none());
  }

  @AfterEach
  void close() {
    base.close();
  }

  private double seconds(Strategy strategy) {
    return new StepTime(RATES, base, WORK, 1000).seconds(strategy, SIZES, 2, 5000, 0);
  }

  private static double forward(double elements) {
    return elements * 60 * ByHand.FORWARD;
  }

  private static double attention() {
    return HEADS_BY_WIDTH * LAYERS * (2e-5 * 60 + 7e-4 * SQUARES);
  }

  private static double lowRank() {
    return 60 * (190 * 2e-4 + 230 * 3e-5);
  }

  private static double fastest() {
    double products = LAYERS * BLOCK * 60 + HEAD * 45;
    return products * (ByHand.FORWARD + ByHand.BACKWARD)
        + attention()
        + 60 * (130 / BETWEEN + 170 / BETWEEN_BACKWARD)
        + lowRank()
        + 45 * 352 * LOGIT
        + 9 * 1000 / COPY;
  }

  @Test
  void keepingEverythingIsTheSumOfItsParts() {
    assertEquals(fastest(), seconds(Strategy.FASTEST), 1e-9);
  }

  /**
   * At one rate a step is the floor that speed is measured by: 4 an element and token, and so on.
   */
  @Test
  void atOneRateItIsTheNeededWork() {
    double adapters = 6 * 4 * (4 * (32 + 32) + 3 * (64 + 32)) * LAYERS;
    Rates even = Rates.derived(1e6, Double.POSITIVE_INFINITY, 1);
    WorkTally.PerToken work = new WorkTally.PerToken(0, 0, 0, adapters);
    double flops =
        60 * (4 * LAYERS * BLOCK + adapters)
            + 45 * 4 * HEAD
            + 7 * HEADS_BY_WIDTH * SQUARES * LAYERS;
    double seconds = new StepTime(even, base, work, 0).seconds(Strategy.FASTEST, SIZES, 2, 0, 0);
    assertEquals(flops / 1e6, seconds, 1e-9);
  }

  @Test
  void aWholeStepTakesMoreThanItsParts() {
    Speed parts = RATES.speed();
    Speed speed = new ByHand(parts.attention(), LOW_RANK, parts.bytes(), LOGIT, 1.25);
    StepTime time = new StepTime(new Rates(speed, STORAGE, true), base, WORK, 1000);
    assertEquals(1.25 * fastest(), time.seconds(Strategy.FASTEST, SIZES, 2, 0, 0), 1e-9);
  }

  @Test
  void recomputingAddsWhatItComputesAgain() {
    double between = 60 * 130 / BETWEEN;
    double again = LAYERS * forward(BLOCK) + (attention() + lowRank()) * 2 / 7 + between;
    Map<Strategy, Double> added =
        Map.of(
            Strategy.FASTEST.withRecompute(Strategy.Recompute.MLP, 1),
            forward(GATE_AND_UP),
            Strategy.FASTEST.withRecompute(Strategy.Recompute.MLP, 2),
            2 * forward(GATE_AND_UP),
            Strategy.FASTEST.withRecompute(Strategy.Recompute.BLOCK, 1),
            again / 2,
            Strategy.FASTEST.withRecompute(Strategy.Recompute.BLOCK, 2),
            again,
            Strategy.FASTEST.withSegments(2, 2),
            2 * again);
    added.forEach(
        (strategy, more) ->
            assertEquals(fastest() + more, seconds(strategy), 1e-9, strategy.toString()));
  }

  /**
   * Each pass reads a streamed weight forward and backward, and where a block is repeated again.
   */
  @Test
  void whatIsReadAgainAndWrittenCountsInBytes() {
    Strategy streamed =
        Strategy.FASTEST.withPlaces(Strategy.Weights.STREAMED, Strategy.Spill.NOTHING);
    assertEquals(fastest() + 2 * 5000 / PAGING, seconds(streamed), 1e-9);
    assertEquals(fastest() + 2 * 2 * 5000 / PAGING, seconds(streamed.withMicroBatch(1)), 1e-9);
    Strategy repeated = Strategy.FASTEST.withRecompute(Strategy.Recompute.BLOCK, 2);
    double without = seconds(repeated);
    double with = seconds(repeated.withPlaces(Strategy.Weights.STREAMED, Strategy.Spill.NOTHING));
    assertEquals(without + 3 * 5000 / PAGING, with, 1e-9);
    double spilled =
        new StepTime(RATES, base, WORK, 1000).seconds(Strategy.FASTEST, SIZES, 2, 5000, 4400);
    assertEquals(fastest() + 2 * 4400 / STORAGE, spilled, 1e-9, "written and read");
  }
}
