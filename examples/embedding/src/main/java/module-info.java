/** A program that embeds Nacelle. */
module example {
  requires dev.nacelle;
}
