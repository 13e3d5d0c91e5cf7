package dev.nacelle.devices.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A user's own file: what it may say, and what is refused, with its line. */
final class ProfileReaderTest {
  private static final String GOOD =
      """
      schema: 1
      id: my-carrier
      name: "Orin NX on a carrier of our own"
      kind: jetson
      extends: jetson-orin-nx-16gb
      recognise:
        models: {value: ["Acme Rover 3"], source: measured on the board}
      reserve_bytes: {value: 1.5GiB, source: measured with the camera on}
      storage: {value: [nvme], source: the carrier's manual}
      modes:
        - id: 2
          name: 15W
          default: true
          sm_count: {value: 4, source: nvpmodel -q}
      """;

  @TempDir private Path folder;

  private Profiles read(String text) {
    try {
      Path file = folder.resolve("own.yaml");
      Files.writeString(file, text);
      return Profiles.builtIn().with(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aFileOfOnesOwnStandsOnAnother() {
    Profiles profiles = read(GOOD);
    DeviceProfile own = profiles.find("my-carrier");
    assertEquals(3L << 29, own.facts().number(Fact.RESERVE_BYTES).orElseThrow().value());
    assertEquals("8.7", own.facts().text(Fact.COMPUTE_CAPABILITY).orElseThrow());
    assertEquals(1, own.modes().size());
    assertEquals("my-carrier", profiles.ids().getLast());
    assertEquals(3L << 29, profiles.choose("my-carrier").reserveBytes());
    assertFalse(Profiles.builtIn().ids().contains("my-carrier"));
    String replaced = GOOD.replace("id: my-carrier", "id: jetson-orin-nx-16gb");
    assertEquals(1, read(replaced).find("jetson-orin-nx-16gb").modes().size());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "schema: 1|schema: 2|1|schema 2 is not known",
        "id: my-carrier|id: My Carrier|2|an id is made of",
        "id: my-carrier|ids: my-carrier|2|ids is not a key of a profile",
        "id: my-carrier|id: a\\nid: b|3|stands twice",
        "id: my-carrier|id: &a b|2|anchors",
        "id: my-carrier|id: !!str b|2|tags",
        "kind: jetson|kind: toaster|4|kind is jetson, gpu or cpu",
        "extends: jetson-orin-nx-16gb|extends: jetson-orin-nx|5|no device profile is called",
        "models: {value|colour: {value|7|colour is not known here",
        "{value: 1.5GiB, source|{value: 1.5GB, source|8|not a whole number above 0: 1.5GB",
        "{value: 1.5GiB, source|{value: 0, source|8|not a whole number above 0: 0",
        "{value: 1.5GiB, source|{value: -3, source|8|not a whole number above 0: -3",
        "{value: 1.5GiB, source|{value: 9999999999999GiB, source|8|more bytes than there are",
        "{value: 1.5GiB, source: measured with the camera on}|2GiB|8|has to be {value",
        "source: measured with the camera on|source: ''|8|single value is missing",
        "{value: [nvme], source|{value: nvme, source|9|not a list",
        "- id: 2|- id: two|11|a mode's id is a number",
        "default: true|default: yes|13|neither true nor false: yes",
        "sm_count: {|bandwidth: {|14|bandwidth does not belong to a mode",
        "sm_count: {value: 4|sm_count: {value: [[[[[[[[4]]]]]]]]|14|levels deep",
        "name: 15W|- name: 15W|12|no YAML",
        "kind: jetson|kind: \tjetson: x|4|no YAML",
      })
  void whatIsWrongIsSaidWithItsLine(String of, String to, int line, String message) {
    String text = GOOD.replace(of, to.replace("\\n", "\n"));
    ProfileException e = assertThrows(ProfileException.class, () -> read(text));
    assertTrue(e.getMessage().contains(message), e.getMessage());
    assertTrue(e.getMessage().contains("own.yaml:" + line + ":"), e.getMessage());
    assertFalse(e.isUnknown());
  }

  @Test
  void noTextEscapesAsAnotherException() throws IOException {
    Path file = folder.resolve("bytes.yaml");
    Files.write(file, new byte[] {(byte) 0xff, (byte) 0xfe, 'a'});
    assertTrue(
        assertThrows(ProfileException.class, () -> Profiles.builtIn().with(file))
            .getMessage()
            .contains("UTF-8"));
    assertThrows(ProfileException.class, () -> read(""));
    assertThrows(ProfileException.class, () -> read("[".repeat(100_000)));
    assertThrows(ProfileException.class, () -> read("a".repeat(1 << 19)));
    long seed = System.nanoTime();
    Random random = new Random(seed);
    byte[] good = GOOD.getBytes(StandardCharsets.UTF_8);
    int refused = 0;
    for (int i = 0; i < 1500; i++) {
      byte[] bytes = good.clone();
      for (int n = 0; n <= random.nextInt(4); n++) {
        bytes[random.nextInt(bytes.length)] = (byte) (random.nextInt(96) + 31);
      }
      try {
        Files.write(file, bytes);
        Profiles.builtIn().with(file);
      } catch (ProfileException e) {
        refused++;
        assertTrue(e.getMessage().startsWith(file + ":"), "seed " + seed + ": " + e.getMessage());
      }
    }
    assertTrue(refused > 300 && refused < 1500, "seed " + seed + ": refused " + refused);
  }
}
