/** What a device is, for Nacelle's own modules alone. */
@SuppressWarnings("module") // the module above this one is built after it
module dev.nacelle.devices {
  requires org.snakeyaml.engine;
  requires static org.jspecify;

  exports dev.nacelle.devices to
      dev.nacelle;
  exports dev.nacelle.devices.profile to
      dev.nacelle;
  exports dev.nacelle.devices.recognition to
      dev.nacelle;
  exports dev.nacelle.devices.sensor to
      dev.nacelle;
}
