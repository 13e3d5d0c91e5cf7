/** An example that stands outside of Nacelle and sees its public interface alone. */
module spiking {
  requires dev.nacelle;
}
