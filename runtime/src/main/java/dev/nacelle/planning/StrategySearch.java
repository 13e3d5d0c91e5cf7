package dev.nacelle.planning;

import dev.nacelle.memory.Strategy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The fastest strategy under a bound. Strategies that differ in the number of recomputed blocks
 * alone form a row: a model repeats one block, so along a row memory falls and time rises, and the
 * fewest blocks that fit are the fastest of it. Rows are compared by guesses; what is chosen is
 * priced in earnest.
 */
final class StrategySearch {
  /** How far a guess may be off, where blocks are small. */
  static final double DOUBT = 0.02;

  /** How many more than the best are found where all that is kept fits. */
  private static final int NEXT = 2;

  private final SearchSpace space;
  private final Function<Strategy, Choice> price;
  private final Function<Strategy, Choice> guess;
  private final ToDoubleFunction<Strategy> seconds;
  private final Map<Strategy, Choice> priced = new HashMap<>();
  private final Map<Strategy, Choice> guessed = new HashMap<>();
  private final Map<List<Strategy.Spill>, Choice> leasts = new HashMap<>();
  private final long slack;

  /**
   * @param price says what a strategy takes
   * @param guess says about what it takes, and costs less to ask
   * @param slack bytes that a guess may be off, where they are more than a small share of it
   * @param seconds says how long a step takes, and costs nothing to ask
   */
  StrategySearch(
      SearchSpace space,
      Function<Strategy, Choice> price,
      Function<Strategy, Choice> guess,
      long slack,
      ToDoubleFunction<Strategy> seconds) {
    this.space = space;
    this.price = price;
    this.guess = guess;
    this.slack = slack;
    this.seconds = seconds;
  }

  /**
   * The fewest recomputed blocks of a row that seem to fit, or more of them.
   *
   * @param surely seconds of the fewest of which guesses leave no doubt; infinite where none does
   */
  private record Candidate(SearchSpace.Row row, int blocks, Choice choice, double surely) {}

  /** The best strategies that fit, the best first; empty where none fits. */
  List<Choice> fitting(long bound) {
    List<Choice> best = new ArrayList<>();
    Choice fastest = price(Strategy.FASTEST);
    if (fastest.peakBytes() <= bound) {
      best.add(fastest);
      addNext(bound, best);
      return best;
    }
    for (Strategy.Spill spill : space.spills()) {
      if (least(spill).peakBytes() > bound) {
        continue;
      }
      settle(candidates(spill, bound), bound, best);
      if (best.isEmpty()) {
        best.add(least(spill)); // guesses thought too ill of it
      }
      break;
    }
    return best;
  }

  /**
   * What the rows have to offer, without rows that cannot be among the best ones: most of them are
   * told by one guess, at the most blocks that would still be fast enough.
   */
  private List<Candidate> candidates(Strategy.Spill spill, long bound) {
    Map<SearchSpace.Row, Double> quickest = new LinkedHashMap<>();
    for (SearchSpace.Row row : space.rows(spill)) {
      // Along a row time changes by as much with each block.
      quickest.put(row, Math.min(seconds(row, 0), seconds(row, space.layers())));
    }
    List<SearchSpace.Row> rows = new ArrayList<>(quickest.keySet());
    rows.sort(Comparator.comparing(quickest::get));
    List<Candidate> candidates = new ArrayList<>();
    List<Double> sure = new ArrayList<>();
    for (SearchSpace.Row row : rows) {
      double enough = sure.size() > NEXT ? sure.get(NEXT) : Double.POSITIVE_INFINITY;
      Candidate candidate = candidate(row, bound, enough);
      if (candidate != null) {
        candidates.add(candidate);
        sure.add(candidate.surely);
        sure.sort(null);
      }
    }
    return candidates;
  }

  private double seconds(SearchSpace.Row row, int blocks) {
    return seconds.applyAsDouble(row.of(blocks));
  }

  /**
   * Where all fits that is kept, no row needs to be searched: the next best ones recompute nothing
   * either.
   */
  private void addNext(long bound, List<Choice> best) {
    List<Strategy> plain =
        space.rows(Strategy.Spill.NOTHING).stream()
            .map(row -> row.of(0))
            .distinct()
            .skip(1)
            .toList();
    List<Choice> next = new ArrayList<>();
    for (Strategy strategy : plain) {
      next.add(new Choice(strategy, 0, 0, seconds.applyAsDouble(strategy)));
    }
    next.sort(Choice.BY_WORTH);
    for (Choice choice : next) {
      if (best.size() <= NEXT) {
        Choice sure = price(choice.strategy());
        if (sure.peakBytes() <= bound) {
          best.add(sure);
        }
      }
    }
  }

  /** The strategy that takes the least. */
  Choice least() {
    return least(space.sparest());
  }

  /** The one that takes the least of those that spill so much. */
  private Choice least(Strategy.Spill spill) {
    return least(List.of(spill));
  }

  private Choice least(List<Strategy.Spill> spills) {
    Choice known = leasts.get(spills);
    if (known == null) {
      known = leastOf(spills);
      leasts.put(spills, known);
    }
    return known;
  }

  /** Priced in the order of guesses, until no other can be less than what was found. */
  private Choice leastOf(List<Strategy.Spill> spills) {
    List<Choice> lean =
        spills.stream()
            .flatMap(s -> space.leanest(s).stream())
            .map(this::guess)
            .sorted(Choice.BY_BYTES)
            .toList();
    Choice least = price(lean.getFirst().strategy());
    for (Choice next : lean) {
      if (next.peakBytes() - doubt(next.arenaBytes()) < least.peakBytes()) {
        Choice sure = price(next.strategy());
        least = Choice.BY_BYTES.compare(sure, least) < 0 ? sure : least;
      }
    }
    Choice fastest = price(Strategy.FASTEST);
    boolean keeps = spills.contains(Strategy.Spill.NOTHING);
    return keeps && Choice.BY_BYTES.compare(fastest, least) < 0 ? fastest : least;
  }

  /** Bytes that a guess of about so many may be off. */
  private long doubt(long bytes) {
    return Math.max((long) (bytes * DOUBT), slack);
  }

  /**
   * The fewest blocks of a row that seem to fit.
   *
   * @param enough seconds that a better one must stay under
   */
  private @Nullable Candidate candidate(SearchSpace.Row row, long bound, double enough) {
    int layers = space.layers();
    int most = seconds(row, layers) < enough ? layers : seconds(row, 0) < enough ? 0 : -1;
    if (most == 0) {
      most = fewest(0, layers, n -> seconds(row, n) >= enough) - 1;
    }
    long doubted = bound + doubt(bound);
    if (most < 0 || !fits(row.of(most), doubted)) {
      return null;
    }
    long sure = bound - doubt(bound);
    if (row.segment() > 1 && fits(row.ofSingleBlocks(layers), sure)) {
      // Whole blocks alone save nearly as much each at half the cost.
      return null;
    }
    int blocks = fewest(row, most, doubted);
    int surely = fits(row.of(most), sure) ? fewest(row, most, sure) : -1;
    Choice choice = guess(row.of(blocks));
    double seconds = surely < 0 ? Double.POSITIVE_INFINITY : seconds(row, surely);
    // What is computed again need not be spilled: there, more of it may be faster.
    if (most == layers && seconds(row, layers) < choice.stepSeconds()) {
      return new Candidate(row, layers, guess(row.of(layers)), seconds);
    }
    return new Candidate(row, blocks, choice, seconds);
  }

  private boolean fits(Strategy strategy, long bound) {
    return guess(strategy).peakBytes() <= bound;
  }

  /** The fewest of at most {@code most} blocks, which are enough, that seem to fit. */
  private int fewest(SearchSpace.Row row, int most, long bound) {
    return fits(row.of(0), bound) ? 0 : fewest(0, most, n -> fits(row.of(n), bound));
  }

  /** The first number for which something holds that does not hold for {@code low}. */
  private static int fewest(int low, int high, IntPredicate holds) {
    int not = low;
    int does = high;
    while (not + 1 < does) {
      int middle = (not + does) >>> 1;
      if (holds.test(middle)) {
        does = middle;
      } else {
        not = middle;
      }
    }
    return does;
  }

  /** Prices candidates in the order of their worth until no other can be better. */
  private void settle(List<Candidate> candidates, long bound, List<Choice> best) {
    candidates.sort(Comparator.comparing(Candidate::choice, Choice.BY_WORTH));
    if (best.isEmpty()) {
      Choice found = null;
      for (Candidate candidate : candidates) {
        found = better(candidate, bound, found);
      }
      if (found == null) {
        return;
      }
      best.add(found);
    }
    for (Candidate candidate : candidates) {
      Choice choice = candidate.choice;
      boolean known = best.stream().anyMatch(c -> c.strategy().equals(choice.strategy()));
      if (!known && choice.peakBytes() <= bound) {
        best.add(choice);
      }
    }
  }

  /**
   * The fewest blocks of a row that really fit, where they are better than what was found. Guesses
   * are nearly right: steps of growing width lead there.
   */
  private @Nullable Choice better(Candidate candidate, long bound, @Nullable Choice found) {
    SearchSpace.Row row = candidate.row;
    int low = candidate.blocks;
    if (found != null && Choice.BY_WORTH.compare(guess(row.of(low)), found) >= 0) {
      return found;
    }
    if (really(row, low, bound)) {
      return price(row.of(low));
    }
    int high = space.layers();
    if (low == high || !really(row, high, bound)) {
      return found;
    }
    for (int step = 1; low + step < high; step *= 2) {
      if (really(row, low + step, bound)) {
        high = low + step;
      } else {
        low += step;
      }
    }
    Choice sure = price(row.of(fewest(low, high, n -> really(row, n, bound))));
    return found != null && Choice.BY_WORTH.compare(sure, found) >= 0 ? found : sure;
  }

  private boolean really(SearchSpace.Row row, int blocks, long bound) {
    return price(row.of(blocks)).peakBytes() <= bound;
  }

  private Choice price(Strategy strategy) {
    return remember(priced, price, strategy);
  }

  private Choice guess(Strategy strategy) {
    Choice known = priced.get(strategy);
    return known != null ? known : remember(guessed, guess, strategy);
  }

  private static Choice remember(
      Map<Strategy, Choice> known, Function<Strategy, Choice> ask, Strategy strategy) {
    Choice choice = known.get(strategy);
    if (choice == null) {
      choice = ask.apply(strategy);
      known.put(strategy, choice);
    }
    return choice;
  }
}
