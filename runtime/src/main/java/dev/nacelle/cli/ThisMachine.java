package dev.nacelle.cli;

import dev.nacelle.devices.recognition.ProfileReserve;
import dev.nacelle.kernels.cpu.Settings;
import dev.nacelle.memory.Budget;
import dev.nacelle.planning.Bound;
import dev.nacelle.planning.Calibration;
import dev.nacelle.planning.MachineCosts;
import dev.nacelle.planning.Rates;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.FinetuneOptions;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What this machine takes and gives. */
final class ThisMachine {
  /** What the slowest storage that a run would spill to writes and reads; not measured. */
  private static final double STORAGE = 2e8;

  private ThisMachine() {}

  /**
   * What was measured here, once.
   *
   * @param threads of the kernels
   * @param note hears that it takes a moment, where it was not measured before
   */
  static MachineCosts measured(int threads, Consumer<String> note) {
    Calibration known =
        Calibration.of(Settings.cacheFolder(), CalibrationMain.class.getName(), threads, note);
    return new Measured(known);
  }

  private record Measured(Calibration calibration) implements MachineCosts {
    @Override
    public long loadBytes(BaseModel base, FinetuneOptions options) {
      return calibration.process().loadBytes(base.config().vocabularySize(), options.threads());
    }

    @Override
    public long runBytes(BaseModel base, FinetuneOptions options) {
      return calibration.process().runBytes(base.config().vocabularySize(), options.threads());
    }

    @Override
    public Rates rates() {
      return new Rates(calibration.speed(), STORAGE, true);
    }
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

  /** To a person. */
  static void say(String line) {
    System.err.println("nacelle: " + line);
  }
}
