package dev.nacelle.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/**
 * Who may touch what: native memory, LibTorch's presets, standard output, the end of the process.
 */
final class HouseRulesTest {
  /** A program of its own, started as a process beside ours, which speaks on its own streams. */
  private static final String TASK_MAKER = "dev.nacelle.data.wordnet.TaskMaker";

  @Test
  void foreignMemoryStaysBelow() {
    noClasses()
        .that()
        .resideOutsideOfPackages(Codebase.NATIVE_BINDINGS, Codebase.KERNELS)
        .should()
        .dependOnClassesThat()
        .resideInAPackage("java.lang.foreign..")
        .check(Codebase.CLASSES);
  }

  @Test
  void presetsStayInTheBindings() {
    noClasses()
        .that()
        .resideOutsideOfPackage(Codebase.NATIVE_BINDINGS)
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.bytedeco..")
        .check(Codebase.CLASSES);
  }

  @Test
  void theCommandLineAloneSpeaks() {
    for (String stream : Set.of("out", "err")) {
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.nacelle.cli..")
          .and()
          .doNotHaveFullyQualifiedName(TASK_MAKER)
          .should()
          .accessField(System.class, stream)
          .check(Codebase.CLASSES);
    }
  }

  @Test
  void theCommandLineAloneEndsTheProcess() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.nacelle.cli..")
        .and()
        .doNotHaveFullyQualifiedName(TASK_MAKER)
        .should()
        .callMethod(System.class, "exit", int.class)
        .check(Codebase.CLASSES);
  }

  @Test
  void everyPackageIsNullMarked() {
    Set<String> unmarked =
        Codebase.CLASSES.stream()
            .map(c -> c.getPackage())
            .filter(p -> !p.isAnnotatedWith(NullMarked.class))
            .map(p -> p.getName())
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(Set.of(), unmarked, "packages without @NullMarked in their package-info.java");
  }
}
