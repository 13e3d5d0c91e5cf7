package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.memory.technique.Measured;
import dev.nacelle.memory.technique.Technique;
import dev.nacelle.memory.technique.Techniques;
import java.util.List;

/** What a script reads of the techniques. */
final class StrategiesJson {
  private StrategiesJson() {}

  static ObjectNode of(List<Technique> techniques, Measured measured) {
    ObjectNode all = Json.object();
    all.put("letters", Techniques.LETTERS);
    ArrayNode list = all.putArray("strategies");
    techniques.forEach(t -> list.add(one(t, measured)));
    ArrayNode pairs = all.putArray("pairs");
    measured.pairs().forEach(p -> pairs.add(pair(p)));
    Measured.Provenance p = measured.provenance();
    ObjectNode on = all.putObject("measured_on");
    on.put("processor", p.processor())
        .put("isa", p.isa())
        .put("threads", p.threads())
        .put("java", p.java())
        .put("time", p.time())
        .put("load", p.load())
        .put("command", p.command());
    measured.networks().forEach(n -> on.put(n.network().label(), n.description()));
    return all;
  }

  private static ObjectNode one(Technique t, Measured measured) {
    ObjectNode node = Json.object();
    node.put("id", t.id())
        .put("principle", t.principle().label())
        .put("how", t.how())
        .put("law", t.law())
        .put("exact", t.exactness().isExact())
        .put("exactness", t.exactness().label())
        .put("cost", t.cost())
        .put("limitation", t.limitation());
    ArrayNode networks = node.putArray("networks");
    t.networks().forEach(n -> networks.add(n.label()));
    node.put("chosen_by", t.chosenBy()).put("source", t.source());
    ArrayNode results = node.putArray("measured");
    for (Measured.Result r : measured.results()) {
      if (r.technique().equals(t.id())) {
        results.add(
            Json.object()
                .put("network", r.network().label())
                .put("setting", r.setting())
                .put("acts_on", r.actsOn())
                .put("bytes_without", r.without())
                .put("bytes_with", r.with())
                .put("ledger_peak_without", r.ledgerWithout())
                .put("ledger_peak_with", r.ledgerWith())
                .put("slowdown", r.slowdown()));
      }
    }
    return node;
  }

  private static ObjectNode pair(Measured.Pair p) {
    return Json.object()
        .put("first", p.first())
        .put("second", p.second())
        .put("network", p.network().label())
        .put("acts_on", p.actsOn())
        .put("bytes_without", p.without())
        .put("bytes_first", p.one())
        .put("bytes_second", p.other())
        .put("bytes_both", p.both())
        .put("multiplies", p.multiplies())
        .put("why", p.why());
  }
}
