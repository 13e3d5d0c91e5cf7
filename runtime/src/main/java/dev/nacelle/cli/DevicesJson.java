package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.devices.profile.DeviceProfile;
import dev.nacelle.devices.profile.Fact;
import dev.nacelle.devices.profile.Facts;
import dev.nacelle.devices.profile.PowerMode;
import dev.nacelle.devices.profile.Sourced;
import java.util.List;

/** What {@code devices --json} prints; what is not known is null. */
final class DevicesJson {
  private static final List<Fact> ALWAYS =
      List.of(Fact.MEMORY_BYTES, Fact.UNIFIED, Fact.COMPUTE_CAPABILITY);

  private DevicesJson() {}

  static ObjectNode list(List<DeviceProfile> profiles) {
    ObjectNode root = Json.object();
    ArrayNode devices = root.putArray("devices");
    for (DeviceProfile profile : profiles) {
      ObjectNode device =
          devices
              .addObject()
              .put("id", profile.id())
              .put("name", profile.name())
              .put("kind", profile.kind().key());
      for (Fact fact : ALWAYS) {
        Sourced<?> known = profile.facts().values().get(fact);
        device.putPOJO(fact.key(), known == null ? null : known.value());
      }
      ArrayNode modes = device.putArray("modes");
      profile
          .modes()
          .forEach(
              m ->
                  modes
                      .addObject()
                      .put("id", m.id())
                      .put("name", m.name())
                      .put("default", m.isDefault()));
    }
    return root;
  }

  static ObjectNode one(DeviceProfile profile) {
    ObjectNode root = Json.object();
    ObjectNode device =
        root.putArray("devices")
            .addObject()
            .put("id", profile.id())
            .put("name", profile.name())
            .put("kind", profile.kind().key());
    ALWAYS.forEach(fact -> device.putNull(fact.key()));
    facts(device, profile.facts());
    ArrayNode modes = device.putArray("modes");
    for (PowerMode mode : profile.modes()) {
      facts(
          modes
              .addObject()
              .put("id", mode.id())
              .put("name", mode.name())
              .put("default", mode.isDefault()),
          mode.facts());
    }
    return root;
  }

  private static void facts(ObjectNode into, Facts facts) {
    facts
        .values()
        .forEach(
            (fact, sourced) ->
                into.putObject(fact.key())
                    .putPOJO("value", sourced.value())
                    .put("source", sourced.source()));
  }
}
