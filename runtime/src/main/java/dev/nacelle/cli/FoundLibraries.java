package dev.nacelle.cli;

import dev.nacelle.devices.Processor;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.kernels.cpu.Settings;
import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.blas.Blas;
import dev.nacelle.nativeaccess.loader.FoundLibrary;
import dev.nacelle.nativeaccess.loader.NativeLibraries;
import dev.nacelle.nativeaccess.threads.OpenMp;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The native libraries of this machine. Those that the main job computes with are opened, which is
 * the only proof that they can be; LibTorch is only looked for.
 */
final class FoundLibraries {
  private static final Pattern OPENBLAS = Pattern.compile("OpenBLAS (\\S+)");

  private FoundLibraries() {}

  static List<Diagnosis.Library> open(List<Diagnosis.Fault> faults) {
    List<Diagnosis.Library> found = new ArrayList<>();
    found.add(kernels(faults));
    attempt("the OpenMP runtime", "apt-get install libgomp1", OpenMp::load, faults);
    Blas blas = attempt("OpenBLAS", "apt-get install libopenblas0", Blas::load, faults);
    for (FoundLibrary library : NativeLibraries.shared().report()) {
      String version = library.version();
      if (library.name().equals("openblas") && blas != null) {
        Matcher m = OPENBLAS.matcher(blas.config());
        version = m.find() ? m.group(1) : version;
      }
      found.add(new Diagnosis.Library(library.name(), library.path(), version, library.origin()));
      String fault = library.fault();
      boolean asked = Settings.get("NACELLE_LIBTORCH") != null;
      // No command needs it: an archive without it lacks nothing.
      if (fault != null && (asked || !Software.isPackaged())) {
        faults.add(
            new Diagnosis.Fault(
                fault, "unset NACELLE_LIBTORCH" + (asked ? "" : ", or pip install torch"), false));
      }
    }
    return found;
  }

  private static Diagnosis.Library kernels(List<Diagnosis.Fault> faults) {
    String reason;
    try {
      int cores = Processor.read(Path.of("/")).usableCores();
      KernelLibrary.Opened opened = KernelLibrary.open(cores, null);
      KernelLibrary library = opened.library();
      if (library != null) {
        return new Diagnosis.Library(
            "nacelle-kernels",
            library.file().toString(),
            Version.VERSION,
            "instruction set level " + library.level().label());
      }
      reason = opened.reason();
      faults.add(
          new Diagnosis.Fault(
              "the C kernels are not there, and the slow Java reference runs: " + reason,
              Software.isPackaged()
                  ? "unpack the archive that was made for this kind of machine"
                  : "apt-get install cmake gcc make, then build again: mvn -q package -DskipTests",
              false));
    } catch (IllegalArgumentException e) {
      reason = String.valueOf(e.getMessage());
      faults.add(new Diagnosis.Fault("NACELLE_ISA: " + reason, "unset NACELLE_ISA", true));
    }
    return new Diagnosis.Library("nacelle-kernels", null, null, "not loaded: " + reason);
  }

  @FunctionalInterface
  private interface Opener<T> {
    T open();
  }

  private static <T> @Nullable T attempt(
      String what, String fix, Opener<T> opener, List<Diagnosis.Fault> faults) {
    try {
      return opener.open();
    } catch (NativeException e) {
      faults.add(new Diagnosis.Fault(what + " cannot be opened: " + e.getMessage(), fix, false));
      return null;
    }
  }
}
