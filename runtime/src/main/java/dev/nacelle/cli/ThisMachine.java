package dev.nacelle.cli;

import dev.nacelle.devices.recognition.ProfileReserve;
import dev.nacelle.kernels.cpu.Settings;
import dev.nacelle.memory.Budget;
import dev.nacelle.planning.Calibration;
import dev.nacelle.planning.MachineCosts;
import dev.nacelle.planning.Rates;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.FinetuneOptions;
import java.util.function.Consumer;
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
  static Calibration calibration(int threads, Consumer<String> note) {
    return Calibration.of(Settings.cacheFolder(), CalibrationMain.class.getName(), threads, note);
  }

  /** The same, as plans ask for it. */
  static MachineCosts costs(int threads, Consumer<String> note) {
    return new Measured(calibration(threads, note));
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
   * What the process may hold here.
   *
   * @param asked bytes that {@code --budget} names; null for what is there
   * @throws dev.nacelle.NacelleException of kind BUDGET where more is asked than is there
   */
  static Budget budget(@Nullable Long asked) {
    return new Budget(asked, ProfileReserve.watchThisMachine());
  }

  /** To a person. */
  static void say(String line) {
    System.err.println("nacelle: " + line);
  }
}
