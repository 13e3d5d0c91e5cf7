package dev.nacelle.architecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Optional;

/** The compiled main classes of all modules, and DESIGN.md's words about where they lie. */
final class Codebase {
  /** Below the runtime, each with what it may use. */
  static final String NATIVE_BINDINGS = "dev.nacelle.nativeaccess..";

  static final String KERNELS = "dev.nacelle.kernels..";
  static final String DEVICE_PROFILES = "dev.nacelle.devices..";

  /** The rooms of runtime: arrows point to earlier rows and within a row. */
  static final List<List<String>> ROWS =
      List.of(
          List.of("tensor", "memory"),
          List.of("tape", "function"),
          List.of("file"),
          List.of("layer", "adapter", "spiking"),
          List.of("model"),
          List.of("text", "data"),
          List.of("train"),
          List.of("planning"),
          List.of("report"),
          List.of("split", "progressive", "federated", "selection", "trajectory"),
          List.of("cli"));

  static final List<String> BELOW = List.of("nativeaccess", "kernels", "devices");

  static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.nacelle");

  private Codebase() {}

  /** The first part of a package's name behind {@code dev.nacelle}; empty for that one itself. */
  static Optional<String> room(String packageName) {
    String prefix = "dev.nacelle.";
    return packageName.startsWith(prefix)
        ? Optional.of(packageName.substring(prefix.length()).split("\\.", 2)[0])
        : Optional.empty();
  }

  /** A pattern for a room and what lies within it. */
  static String pattern(String room) {
    return "dev.nacelle." + room + "..";
  }
}
