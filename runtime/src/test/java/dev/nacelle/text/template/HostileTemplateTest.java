package dev.nacelle.text.template;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.management.ThreadMXBean;
import dev.nacelle.file.MutationCount;
import dev.nacelle.text.Message;
import dev.nacelle.text.template.TemplateException.Reason;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Templates from strangers: nothing but text or a named error comes out, and soon. */
class HostileTemplateTest {
  private static final long SEED = Long.getLong("seed", 20261123);

  private static final int MUTANTS = MutationCount.times(4_000);

  private static final double MAX_CPU_SECONDS = 2;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final List<Message> CONVERSATION =
      List.of(
          new Message("system", "Be brief."),
          new Message("user", "Hi <b>"),
          new Message("assistant", "Hello"));

  private static Reason fails(String source) {
    return assertThrows(
            TemplateException.class,
            () -> JinjaChatTemplate.parse(source, Map.of()).render(CONVERSATION, true),
            source)
        .reason();
  }

  private static String manyNames() {
    StringBuilder source = new StringBuilder();
    for (int i = 0; i < 5_000; i++) {
      source.append("{% if 0 %}{% set a").append(i).append(" = 1 %}{% endif %}");
    }
    return source.toString();
  }

  @Test
  void bombsAreStopped() {
    List<String> bombs =
        List.of(
            "{{ 'a' * 10**9 }}",
            "{{ 'a' * 10**18 }}",
            "{{ ['a'] * 10**9 }}",
            "{{ ('a' * 1000000)|replace('a', 'a' * 1000000) }}",
            "{{ '%1000000000d' % 1 }}",
            "{{ '%.999999999f' % 1.0 }}",
            "{{ '{:999999999}'.format(1) }}",
            "{{ '{:>{}}'.format('x', 999999999) }}",
            "{{ 'a'.center(10**10) }}",
            "{{ 'a'.zfill(10**10) }}",
            "{{ 'a\\nb'|indent(10**10) }}",
            "{{ [1]|tojson(indent=10**10) }}",
            "{{ [1]|batch(10**10, 0)|list }}",
            "{{ []|slice(10**10)|list }}",
            "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
            "{% for a in range(99999) %}{{ 'x' * 10000 }}{% endfor %}",
            "{% set ns = namespace(x='ab') %}{% for i in range(99999) %}"
                + "{% set ns.x = ns.x + ns.x %}{% endfor %}",
            "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}"
                + "{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
            "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}"
                + "{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x|tojson }}",
            "{% set a = namespace(x=[1]) %}{% set b = namespace(x=[1]) %}{% for i in range(60) %}{%"
                + " set a.x = [a.x, a.x] %}{% set b.x = [b.x, b.x] %}{% endfor %}{{ a.x == b.x }}",
            "{% set ns = namespace(x=[1]) %}{% for i in range(99999) %}"
                + "{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
            "{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
            "{{ " + "(".repeat(5000) + "1" + ")".repeat(5000) + " }}",
            "{{ " + "[".repeat(5000) + "]".repeat(5000) + " }}",
            "{{ " + "not ".repeat(20000) + "1 }}",
            "{{ " + "-".repeat(20000) + "1 }}",
            "{{ 1" + " + 1".repeat(50000) + " }}",
            "{{ 1" + "|int".repeat(50000) + " }}",
            "{% if true %}".repeat(5000) + "{% endif %}".repeat(5000),
            "{{ x" + ".y".repeat(100000) + " }}",
            "{% set l = range(99999)|list %}{% for i in l %}{% set x = l|sort %}{% endfor %}",
            "{% set l = range(99999)|list %}{% for i in l %}{% set x = l[1:] %}{% endfor %}",
            "{% set s = 'a' * 9999999 %}{{ ('a' * 4999999 ~ 'b') in s }}",
            "{% set s = 'a' * 9999999 %}{{ s.find('a' * 4999999 ~ 'b') }}",
            "{% set s = 'a' * 9999999 %}{{ s|replace('a' * 4999999 ~ 'b', '') }}",
            "{% set s = ' é🙂' * 999999 %}{% for i in range(99999) %}{{ s[-1] }}{% endfor %}",
            "{% set s = ' ' * 9999999 %}{% for i in range(99999) %}{{ s.strip() }}{% endfor %}",
            "{% set s = 'a ' * 4999999 %}{{ s.split() }}",
            "{% set s = '{}' * 99999 %}{% for i in range(99999) %}{% set x = s.format(*s) %}"
                + "{% endfor %}",
            "{% for i in range(99999) %}{% set x = '%.900f' % 1.7e308 %}{% endfor %}",
            manyNames(),
            "a".repeat(1 << 21));
    double slowest = 0;
    for (String bomb : bombs) {
      long start = THREADS.getCurrentThreadCpuTime();
      Reason reason = fails(bomb);
      double seconds = (THREADS.getCurrentThreadCpuTime() - start) / 1e9;
      String shown = bomb.substring(0, Math.min(80, bomb.length()));
      assertEquals(Reason.LIMIT, reason, shown);
      slowest = Math.max(slowest, seconds);
      // twice the bound of the project, because a processor shared by two threads is half as fast
      assertTrue(seconds < 2 * MAX_CPU_SECONDS, seconds + " s: " + shown);
    }
    System.out.println("template bombs: " + bombs.size() + ", slowest " + slowest + " s");
    assertEquals(Reason.RUNTIME, fails("{{ range(10**12) }}"));
    assertEquals(Reason.UNSUPPORTED, fails("{{ 10**100 }}"));
  }

  @Test
  void nothingOfJavaOrPythonIsReachable() {
    for (String source :
        List.of(
            "{{ ''.__class__.__mro__ }}",
            "{{ messages.__class__.__base__ }}",
            "{{ ''['__class__']['__mro__'] }}",
            "{{ ('%s'|attr('__class__')).x }}",
            "{{ '{0.__class__.__mro__}'.format(1) }}",
            "{{ raise_exception.__globals__.x }}",
            "{{ namespace().__init__.__globals__ }}",
            "{{ messages.append(1) }}",
            "{{ messages[0].update({}) }}")) {
      Reason reason = fails(source);
      assertTrue(
          reason == Reason.SECURITY || reason == Reason.UNDEFINED, source + " gave " + reason);
    }
    for (String source :
        List.of(
            "{% include 'x' %}",
            "{% import '/etc/passwd' as x %}", "{% from 'x' import y %}", "{% extends 'x' %}")) {
      assertEquals(Reason.UNSUPPORTED, fails(source), source);
    }
    for (String name : List.of("getClass", "class", "hashCode", "toString", "bytes", "text")) {
      String source =
          "{{ messages." + name + " }}{{ messages[0]." + name + " }}{{ ''." + name + " }}";
      assertEquals("", JinjaChatTemplate.parse(source, Map.of()).render(CONVERSATION, true), name);
    }
  }

  @Test
  void mutatedTemplatesGiveTextOrANamedError() throws IOException {
    Random random = new Random(SEED);
    List<String> sources = new ArrayList<>();
    List<String> tokens = new ArrayList<>();
    JsonNode goldens = Goldens.read("templates.json.gz");
    for (JsonNode template : goldens.get("templates")) {
      String source = template.get("source").textValue();
      if (source.length() < 12_000) {
        sources.add(source);
      }
    }
    JsonNode snippets = Goldens.read("snippets.json.gz");
    for (JsonNode snippet : snippets.get("snippets")) {
      if (!snippet.path("error").asText().equals("SYNTAX")) {
        tokens.add(snippet.get("source").textValue());
      }
    }
    Map<Reason, Integer> reasons = new EnumMap<>(Reason.class);
    MutationCount count = new MutationCount("chat templates", SEED);
    for (int i = 0; i < MUTANTS; i++) {
      boolean small = i % 2 == 0;
      String source =
          (small ? tokens : sources).get(random.nextInt((small ? tokens : sources).size()));
      String mutant = Mutations.mutate(source, tokens, random);
      JsonNode contexts = goldens.get("contexts");
      JsonNode context = contexts.get(random.nextInt(contexts.size())).get("context");
      count.run(
          mutant.length(),
          reach -> {
            try {
              JinjaChatTemplate template = Goldens.parse(goldens, mutant);
              reach.past();
              String ignored =
                  template.render(Goldens.variables(small ? snippets.get("context") : context));
            } catch (TemplateException e) {
              reasons.merge(e.reason(), 1, Integer::sum);
              throw e;
            }
          },
          message -> false);
    }
    System.out.println("chat templates, errors by reason: " + reasons);
    count.finish(MUTANTS);
    assertTrue(count.accepted() >= MUTANTS / 10, "few were rendered");
  }
}
