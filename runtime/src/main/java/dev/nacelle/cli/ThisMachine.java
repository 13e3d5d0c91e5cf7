package dev.nacelle.cli;

import dev.nacelle.devices.recognition.ProfileReserve;
import dev.nacelle.memory.Budget;
import dev.nacelle.planning.Bound;
import dev.nacelle.planning.MachineCosts;
import dev.nacelle.planning.Rates;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.FinetuneOptions;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What this machine takes and gives. */
final class ThisMachine {
  private ThisMachine() {}

  static MachineCosts measured() {
    return new MachineCosts() {
      @Override
      public long processBytes(BaseModel base, FinetuneOptions options) {
        return (140L << 20) + 190L * base.config().vocabularySize();
      }

      @Override
      public Rates rates() {
        return new Rates(1.6e11, 1.5e11, 4e9, 5e8, true);
      }
    };
  }

  /**
   * What the process may hold here, asked anew each time.
   *
   * @param asked bytes that {@code --budget} names; null for what is there
   * @throws dev.nacelle.NacelleException of kind BUDGET where more is asked than is there
   */
  static Supplier<Bound> atHand(@Nullable Long asked) {
    Budget budget = new Budget(asked, ProfileReserve.watchThisMachine());
    return () -> {
      Budget.Look look = budget.now();
      return new Bound(look.bytes(), look.reason());
    };
  }
}
