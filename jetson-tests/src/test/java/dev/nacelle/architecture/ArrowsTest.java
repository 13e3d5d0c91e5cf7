package dev.nacelle.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** DESIGN.md's arrows: between modules, and between the rooms of runtime. */
final class ArrowsTest {
  @Test
  void everyPackageHasARoom() {
    assertTrue(Codebase.CLASSES.size() > 300, "only " + Codebase.CLASSES.size() + " classes seen");
    Set<String> known = new TreeSet<>(Codebase.BELOW);
    Codebase.ROWS.forEach(known::addAll);
    Set<String> unknown =
        Codebase.CLASSES.stream()
            .flatMap(c -> Codebase.room(c.getPackageName()).stream())
            .filter(room -> !known.contains(room))
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(Set.of(), unknown, "DESIGN.md names no such rooms");
  }

  @Test
  void nativeBindingsStandAlone() {
    noClasses()
        .that()
        .resideInAPackage(Codebase.NATIVE_BINDINGS)
        .should()
        .dependOnClassesThat(inNacelleBut("nativeaccess"))
        .check(Codebase.CLASSES);
  }

  @Test
  void kernelsStandOnNativeBindingsAlone() {
    noClasses()
        .that()
        .resideInAPackage(Codebase.KERNELS)
        .should()
        .dependOnClassesThat(inNacelleBut("nativeaccess", "kernels"))
        .check(Codebase.CLASSES);
  }

  @Test
  void deviceProfilesStandAlone() {
    noClasses()
        .that()
        .resideInAPackage(Codebase.DEVICE_PROFILES)
        .should()
        .dependOnClassesThat(inNacelleBut("devices"))
        .check(Codebase.CLASSES);
  }

  @Test
  void roomsUseEarlierRoomsAlone() {
    int rules = 0;
    for (int row = 0; row < Codebase.ROWS.size(); row++) {
      List<String> later = new ArrayList<>();
      Codebase.ROWS.subList(row + 1, Codebase.ROWS.size()).forEach(later::addAll);
      for (String room : Codebase.ROWS.get(row)) {
        boolean isThere =
            Codebase.CLASSES.stream()
                .anyMatch(c -> Codebase.room(c.getPackageName()).filter(room::equals).isPresent());
        if (!isThere || later.isEmpty()) {
          continue;
        }
        noClasses()
            .that()
            .resideInAPackage(Codebase.pattern(room))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(later.stream().map(Codebase::pattern).toArray(String[]::new))
            .check(Codebase.CLASSES);
        rules++;
      }
    }
    assertTrue(rules >= 10, "only " + rules + " rooms were held");
  }

  @Test
  void roomsHaveNoCycles() {
    slices().matching("dev.nacelle.(*)..").should().beFreeOfCycles().check(Codebase.CLASSES);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("dev.nacelle.(**)").should().beFreeOfCycles().check(Codebase.CLASSES);
  }

  private static DescribedPredicate<JavaClass> inNacelleBut(String... rooms) {
    Set<String> allowed = Set.of(rooms);
    return DescribedPredicate.describe(
        "are ours, but not in " + String.join(", ", rooms),
        c ->
            c.getPackageName().startsWith("dev.nacelle")
                && Codebase.room(c.getPackageName()).filter(allowed::contains).isEmpty());
  }
}
