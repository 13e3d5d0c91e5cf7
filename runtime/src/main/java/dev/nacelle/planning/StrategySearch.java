package dev.nacelle.planning;

import dev.nacelle.memory.Strategy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The fastest strategy under a bound. Strategies that differ in the number of recomputed blocks
 * alone form a row: a model repeats one block, so along a row memory falls and time rises, and the
 * fewest blocks that fit are the fastest of it. Rows are compared by guesses; what is chosen is
 * priced in earnest.
 */
final class StrategySearch {
  /** How far a guess may be off. */
  private static final double DOUBT = 0.02;

  /** How many more than the best are found where all that is kept fits. */
  private static final int NEXT = 2;

  private final SearchSpace space;
  private final Function<Strategy, Choice> price;
  private final Function<Strategy, Choice> guess;
  private final ToDoubleFunction<Strategy> seconds;
  private final Map<Strategy, Choice> priced = new HashMap<>();
  private final Map<Strategy, Choice> guessed = new HashMap<>();

  /**
   * @param price says what a strategy takes
   * @param guess says about what it takes, and costs less to ask
   * @param seconds says how long a step takes, and costs nothing to ask
   */
  StrategySearch(
      SearchSpace space,
      Function<Strategy, Choice> price,
      Function<Strategy, Choice> guess,
      ToDoubleFunction<Strategy> seconds) {
    this.space = space;
    this.price = price;
    this.guess = guess;
    this.seconds = seconds;
  }

  /** The fewest recomputed blocks of a row that fit. */
  private record Candidate(SearchSpace.Row row, int blocks, Choice choice) {}

  /** The best strategies that fit, the best first; empty where none fits. */
  List<Choice> fitting(long bound) {
    List<Choice> best = new ArrayList<>();
    Choice fastest = price(Strategy.FASTEST);
    if (fastest.peakBytes() <= bound) {
      best.add(fastest);
      addNext(bound, best);
      return best;
    }
    for (boolean spills : space.spills()) {
      List<Candidate> candidates = new ArrayList<>();
      for (SearchSpace.Row row : space.rows(spills)) {
        Candidate candidate = candidate(row, bound);
        if (candidate != null) {
          candidates.add(candidate);
        }
      }
      settle(candidates, bound, best);
      if (!best.isEmpty()) {
        break;
      }
    }
    return best;
  }

  /**
   * Where all fits that is kept, no row needs to be searched: the next best ones recompute nothing
   * either.
   */
  private void addNext(long bound, List<Choice> best) {
    List<Strategy> plain =
        space.rows(false).stream().map(row -> row.of(0)).distinct().skip(1).toList();
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
    Choice least = price(Strategy.FASTEST);
    for (boolean spills : space.spills()) {
      List<Choice> lean = space.leanest(spills).stream().map(this::guess).toList();
      long leanest = lean.stream().mapToLong(Choice::peakBytes).min().orElse(Long.MAX_VALUE);
      for (Choice choice : lean) {
        if (choice.peakBytes() <= leanest * (1 + 2 * DOUBT)) {
          Choice sure = price(choice.strategy());
          least = Choice.BY_BYTES.compare(sure, least) < 0 ? sure : least;
        }
      }
    }
    return least;
  }

  private @Nullable Candidate candidate(SearchSpace.Row row, long bound) {
    long sure = (long) (bound * (1 - DOUBT));
    if (row.segment() > 1 && fits(row.ofSingleBlocks(space.layers()), sure)) {
      // Whole blocks alone save nearly as much each at half the cost.
      return null;
    }
    int blocks = fewest(row, bound);
    if (blocks < 0) {
      return null;
    }
    Choice choice = guess(row.of(blocks));
    Choice all = guess(row.of(space.layers()));
    // What is computed again need not be spilled: there, more of it may be faster.
    return Choice.BY_WORTH.compare(all, choice) < 0
        ? new Candidate(row, space.layers(), all)
        : new Candidate(row, blocks, choice);
  }

  private boolean fits(Strategy strategy, long bound) {
    return guess(strategy).peakBytes() <= bound;
  }

  /** −1 where even all are too few. A guess may be a few hundredths off either way. */
  private int fewest(SearchSpace.Row row, long bound) {
    long doubted = (long) (bound * (1 + DOUBT));
    int high = space.layers();
    if (fits(row.of(0), doubted)) {
      return 0;
    }
    if (!fits(row.of(high), doubted)) {
      return -1;
    }
    int low = 0;
    while (low + 1 < high) {
      int middle = (low + high) >>> 1;
      if (fits(row.of(middle), doubted)) {
        high = middle;
      } else {
        low = middle;
      }
    }
    return high;
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

  /** The first of a row that really fits, where it is better than what was found. */
  private @Nullable Choice better(Candidate candidate, long bound, @Nullable Choice found) {
    for (int blocks = candidate.blocks; blocks <= space.layers(); blocks++) {
      Strategy strategy = candidate.row.of(blocks);
      if (found != null && Choice.BY_WORTH.compare(guess(strategy), found) >= 0) {
        return found;
      }
      Choice sure = price(strategy);
      if (sure.peakBytes() <= bound) {
        return sure;
      }
    }
    return found;
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
