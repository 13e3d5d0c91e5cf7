package dev.nacelle.cli;

import dev.nacelle.planning.Bound;
import dev.nacelle.planning.Machine;
import dev.nacelle.planning.Rates;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.FinetuneOptions;

/** What this machine takes and gives. */
final class ThisMachine {
  private ThisMachine() {}

  static Machine measured() {
    return new Machine() {
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

  static Bound atHand() {
    return new Bound(16L << 30, "memory at hand");
  }
}
