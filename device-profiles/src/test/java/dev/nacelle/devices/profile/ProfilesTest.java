package dev.nacelle.devices.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Every profile that comes with Nacelle: schema, sources and plausibility. */
final class ProfilesTest {
  /** Published figures are rounded to two or three digits. */
  private static final double ROUNDING = 0.02;

  private final Profiles profiles = Profiles.builtIn();

  @Test
  void theIndexIsTheFolder() throws IOException {
    Path folder = Path.of("src/main/resources/dev/nacelle/devices/profiles");
    try (Stream<Path> files = Files.list(folder)) {
      List<String> ids =
          files
              .map(f -> String.valueOf(f.getFileName()))
              .filter(n -> n.endsWith(".yaml"))
              .map(n -> n.substring(0, n.length() - 5))
              .sorted()
              .toList();
      assertEquals(ids, profiles.ids());
    }
    for (DeviceProfile profile : profiles.all()) {
      assertEquals(profile, profiles.find(profile.id()), "an id is its file's name");
    }
    assertEquals(profiles.ids().size(), new HashSet<>(profiles.ids()).size());
  }

  @Test
  void whatTheIssueListsIsThere() {
    for (String id :
        List.of(
            "jetson-nano-2gb",
            "jetson-nano-4gb",
            "jetson-tx1",
            "jetson-tx2",
            "jetson-tx2i",
            "jetson-tx2-4gb",
            "jetson-tx2-nx",
            "jetson-xavier-nx-8gb",
            "jetson-xavier-nx-16gb",
            "jetson-agx-xavier-16gb",
            "jetson-agx-xavier-32gb",
            "jetson-agx-xavier-64gb",
            "jetson-agx-xavier-industrial",
            "jetson-orin-nano-4gb",
            "jetson-orin-nano-4gb-super",
            "jetson-orin-nano-8gb",
            "jetson-orin-nano-8gb-super",
            "jetson-orin-nx-8gb",
            "jetson-orin-nx-8gb-super",
            "jetson-orin-nx-16gb",
            "jetson-orin-nx-16gb-super",
            "jetson-agx-orin-32gb",
            "jetson-agx-orin-64gb",
            "jetson-agx-orin-industrial",
            "jetson-thor-t4000",
            "jetson-thor-t5000",
            "jetson-nano-4gb-devkit",
            "jetson-xavier-nx-8gb-devkit",
            "jetson-orin-nano-8gb-devkit",
            "jetson-orin-nano-8gb-super-devkit",
            "jetson-agx-orin-devkit",
            "jetson-agx-thor-devkit",
            "rtx-3060-12gb",
            "rtx-4090",
            "rtx-5090",
            "rtx-a6000",
            "rtx-6000-ada",
            "l4",
            "l40s",
            "a100-sxm4-80gb",
            "h100-sxm",
            "h200-sxm",
            "b200",
            "gb10",
            Profiles.GENERIC_CPU)) {
      assertNotNull(profiles.find(id), id);
    }
    assertTrue(
        profiles.all().stream().filter(p -> p.kind() == DeviceProfile.Kind.GPU).count() >= 10);
  }

  @Test
  void memoryAndBandwidth() {
    int bandwidths = 0;
    for (DeviceProfile profile : profiles.all()) {
      Map<String, Double> has = numbers(profile.facts());
      Double memory = has.get("memory_bytes");
      if (memory != null) {
        assertTrue(has.getOrDefault("visible_bytes", 0.0) <= memory, profile.id());
        assertTrue(has.getOrDefault("visible_bytes", memory) >= 0.85 * memory, profile.id());
        DeviceChoice choice = profiles.choose(profile.id());
        Long reserve = choice.reserveBytes();
        Long usable = choice.usableBytes();
        assertTrue(reserve != null && reserve > 0 && reserve < memory, profile.id());
        assertTrue(usable != null && usable > memory / 4 && usable < memory, profile.id());
      }
      Double bandwidth = has.get("bandwidth");
      if (bandwidth != null) {
        bandwidths++;
        near(
            profile.id(),
            has.getOrDefault("bus_bits", 0.0) / 8 * has.getOrDefault("transfers_per_second", 0.0),
            bandwidth);
      }
    }
    assertTrue(bandwidths >= 50, "only " + bandwidths);
  }

  @Test
  void derivedNumbersAreComputedAgain() {
    int computed = 0;
    for (DeviceProfile profile : profiles.all()) {
      computed += recompute(profile.id(), profile.facts(), profile.facts());
      for (PowerMode mode : profile.modes()) {
        computed +=
            recompute(
                profile.id() + ":" + mode.name(), mode.facts(), mode.facts().over(profile.facts()));
      }
    }
    assertTrue(computed >= 100, "only " + computed);
  }

  private static int recompute(String label, Facts facts, Facts all) {
    Map<String, Double> has = numbers(all);
    int computed = 0;
    for (Map.Entry<Fact, Sourced<?>> fact : facts.values().entrySet()) {
      Sourced<?> sourced = fact.getValue();
      assertFalse(sourced.source().isBlank());
      if (sourced.isDerived() && sourced.value() instanceof Long value) {
        computed++;
        double again =
            Formula.value(
                sourced.source(),
                key -> {
                  Double number = has.get(key);
                  assertNotNull(number, label + " " + fact.getKey() + " needs " + key);
                  return number;
                });
        near(label + " " + fact.getKey(), again, value);
      }
    }
    return computed;
  }

  @Test
  void modesStayWithinTheChip() {
    int modes = 0;
    for (DeviceProfile profile : profiles.all()) {
      Set<String> names = new HashSet<>();
      for (PowerMode mode : profile.modes()) {
        modes++;
        String label = profile.id() + ":" + mode.name();
        assertTrue(names.add(mode.name()), label);
        for (Fact fact : List.of(Fact.SM_COUNT, Fact.CPU_CORES, Fact.GPU_HZ)) {
          Sourced<Long> capped = mode.facts().number(fact).orElse(null);
          Sourced<Long> top = profile.facts().number(fact).orElse(null);
          if (capped != null && top != null) {
            assertTrue(capped.value() <= top.value() * 1.001, label + " " + fact);
          }
        }
        DeviceChoice choice = profiles.choose(label);
        Sourced<Long> bandwidth = choice.bandwidth();
        Sourced<Long> top = profile.facts().number(Fact.BANDWIDTH).orElse(null);
        if (bandwidth != null && top != null) {
          assertTrue(bandwidth.value() <= top.value() * (1 + ROUNDING), label);
        }
      }
      boolean hasDefault = profile.defaultMode().isPresent();
      assertEquals(!profile.modes().isEmpty(), hasDefault, profile.id());
    }
    assertTrue(modes >= 80, "only " + modes);
  }

  @Test
  void oldBoardsSayWhichCompilerIsTheirs() {
    int old = 0;
    for (DeviceProfile profile : profiles.all()) {
      String capability = profile.facts().text(Fact.COMPUTE_CAPABILITY).orElse(null);
      if (capability != null) {
        boolean left = Double.parseDouble(capability) < 7.5;
        assertEquals(left, profile.facts().text(Fact.CUDA_NEWEST).isPresent(), profile.id());
        old += left ? 1 : 0;
        String soc = profile.identity().soc();
        if (soc != null) {
          assertEquals(
              Map.of(
                      "tegra210",
                      "5.3",
                      "tegra186",
                      "6.2",
                      "tegra194",
                      "7.2",
                      "tegra234",
                      "8.7",
                      "tegra264",
                      "11.0")
                  .get(soc),
              capability,
              profile.id());
        }
      }
      boolean jetson = profile.kind() == DeviceProfile.Kind.JETSON;
      assertTrue(!jetson || profile.facts().flag(Fact.UNIFIED).orElse(false), profile.id());
    }
    assertTrue(old >= 14, "only " + old);
  }

  @Test
  void noTwoProfilesAreRecognisedByTheSame() {
    Map<String, String> owners = new HashMap<>();
    for (DeviceProfile profile : profiles.all()) {
      Identity identity = profile.identity();
      Stream.of(
              identity.pNumbers().stream().map(p -> p + " super " + identity.isSuper()),
              identity.models().stream(),
              identity.pciIds().stream(),
              identity.gpuNames().stream())
          .flatMap(s -> s)
          .forEach(key -> assertNull(owners.put(key, profile.id()), key));
      identity.pciIds().forEach(p -> assertTrue(p.matches("10de:[0-9a-f]{4}"), p));
      identity.pNumbers().forEach(p -> assertTrue(p.matches("(p\\d{4}-\\d{4}\\+?){1,2}"), p));
    }
    assertTrue(owners.size() > 60);
  }

  @Test
  void aChoiceIsAProfileAndAMode() {
    DeviceChoice orin = profiles.choose("jetson-agx-orin-64gb");
    assertEquals("jetson-agx-orin-64gb:MODE_30W", orin.label());
    assertEquals(8L, orin.smCount());
    assertEquals(62817L << 20, orin.memoryBytes());
    assertEquals(true, orin.unified());
    assertEquals(8L * 612_000_000 * 2048, value(orin.fp16Flops()));
    assertEquals(204_800_000_000L, value(orin.bandwidth()));
    DeviceChoice slow = profiles.choose("jetson-agx-orin-64gb:1");
    assertEquals(256L / 8 * 2 * 2_133_000_000L, value(slow.bandwidth()));
    assertEquals(slow, profiles.choose("jetson-agx-orin-64gb:mode_15w"));
    DeviceChoice desktop = profiles.choose("rtx-4090");
    assertEquals("rtx-4090", desktop.label());
    assertEquals(165_000_000_000_000L, value(desktop.fp16Flops()));
    DeviceChoice unknown = profiles.choose(Profiles.GENERIC_CPU);
    assertNull(unknown.memoryBytes());
    assertNull(unknown.usableBytes());
    assertTrue(
        assertThrows(ProfileException.class, () -> profiles.choose("jetson-tx1:MAXN"))
            .getMessage()
            .contains("has no mode MAXN; it has none"));
    ProfileException near =
        assertThrows(ProfileException.class, () -> profiles.choose("jetson-orin-nano"));
    assertTrue(near.isUnknown() && near.getMessage().contains("jetson-orin-nano-8gb"));
  }

  private static long value(@Nullable Sourced<Long> sourced) {
    return sourced == null ? 0 : sourced.value();
  }

  private static Map<String, Double> numbers(Facts facts) {
    Map<String, Double> numbers = new HashMap<>();
    facts.values().entrySet().stream()
        .sorted(Map.Entry.comparingByKey(Comparator.naturalOrder()))
        .forEach(
            e -> {
              if (e.getValue().value() instanceof Long number) {
                numbers.put(e.getKey().key(), (double) number);
              }
            });
    return numbers;
  }

  private static void near(String label, double expected, double actual) {
    assertTrue(
        Math.abs(expected - actual) <= ROUNDING * Math.abs(expected),
        label + ": " + expected + " is not " + actual);
  }
}
