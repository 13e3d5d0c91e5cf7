package dev.nacelle.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import dev.nacelle.AdapterBeginning;
import dev.nacelle.ComputeType;
import dev.nacelle.DataShape;
import dev.nacelle.ElementType;
import dev.nacelle.NacelleException;
import dev.nacelle.RateSchedule;
import dev.nacelle.SampleOrder;
import dev.nacelle.SurrogateGradient;
import dev.nacelle.TrainedTokens;
import dev.nacelle.adapter.Beginning;
import dev.nacelle.data.DataFormat;
import dev.nacelle.data.Order;
import dev.nacelle.data.TrainOn;
import dev.nacelle.kernels.Surrogate;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.train.Schedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The root package is the whole public interface, and shows nothing of what lies below. */
final class PublicInterfaceTest {
  private static final String ROOT = "dev.nacelle";
  private static final Pattern EXPORT = Pattern.compile("\\bexports\\s+([\\w.]+)(\\s+to\\b)?");

  @Test
  void nothingOfBelowIsInASignature() {
    Set<String> leaks = new TreeSet<>();
    int members = 0;
    for (JavaClass c : Codebase.CLASSES) {
      if (!c.getPackageName().equals(ROOT) || !isVisible(c)) {
        continue;
      }
      for (JavaMember member : c.getMembers()) {
        if (!isVisible(member.getModifiers())) {
          continue;
        }
        members++;
        member.getAllInvolvedRawTypes().stream()
            .map(JavaClass::getBaseComponentType)
            .filter(type -> type.getName().startsWith(ROOT + "."))
            .filter(type -> !type.getPackageName().equals(ROOT) || !isVisible(type))
            .forEach(type -> leaks.add(member.getFullName() + " shows " + type.getName()));
      }
    }
    assertEquals(Set.of(), leaks);
    assertTrue(members > 150, "only " + members + " members were looked at");
  }

  private static boolean isVisible(JavaClass c) {
    return isVisible(c.getModifiers())
        && c.getEnclosingClass().map(PublicInterfaceTest::isVisible).orElse(true);
  }

  private static boolean isVisible(Set<JavaModifier> modifiers) {
    return (modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED))
        && !modifiers.contains(JavaModifier.SYNTHETIC);
  }

  @Test
  void roomsUseNothingOfItButTheException() {
    noClasses()
        .that()
        .resideInAPackage("dev.nacelle.*..")
        .and()
        .resideOutsideOfPackage("dev.nacelle.cli..")
        .should()
        .dependOnClassesThat(
            DescribedPredicate.describe(
                "are of the public interface, the exception apart",
                c ->
                    c.getPackageName().equals(ROOT)
                        && !c.getName().startsWith(NacelleException.class.getName())))
        .check(Codebase.CLASSES);
  }

  @Test
  void nothingElseIsExported() throws IOException {
    int modules = 0;
    Set<String> toAll = new TreeSet<>();
    try (Stream<Path> folders = Files.list(Repository.root())) {
      for (Path folder : folders.toList()) {
        Path descriptor = folder.resolve("src/main/module/module-info.java");
        if (Files.exists(descriptor)) {
          modules++;
          Matcher m = EXPORT.matcher(Files.readString(descriptor));
          while (m.find()) {
            if (m.group(2) == null) {
              toAll.add(m.group(1));
            }
          }
        }
      }
    }
    assertEquals(4, modules);
    assertEquals(Set.of(ROOT), toAll);
  }

  /** Its words are turned into ours by name. */
  @Test
  void wordsAgree() {
    assertEquals(names(DataFormat.values()), names(DataShape.values()));
    assertEquals(names(Order.values()), names(SampleOrder.values()));
    assertEquals(names(TrainOn.values()), names(TrainedTokens.values()));
    assertEquals(names(Schedule.Kind.values()), names(RateSchedule.values()));
    assertEquals(names(Beginning.values()), names(AdapterBeginning.values()));
    assertEquals(names(Surrogate.values()), names(SurrogateGradient.values()));
    assertTrue(names(DType.values()).containsAll(names(ComputeType.values())));
    assertTrue(names(DType.values()).containsAll(names(ElementType.values())));
    for (ElementType type : ElementType.values()) {
      assertEquals(DType.valueOf(type.name()).bytes(), type.bytes());
    }
  }

  private static List<String> names(Enum<?>[] constants) {
    return Arrays.stream(constants).map(Enum::name).toList();
  }
}
