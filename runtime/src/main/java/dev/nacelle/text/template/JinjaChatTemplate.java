package dev.nacelle.text.template;

import dev.nacelle.text.ChatTemplate;
import dev.nacelle.text.Message;
import java.time.Clock;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A chat template in Jinja, as tokenizer_config.json, chat_template.jinja and GGUF files hold them.
 * Immutable and safe for threads.
 */
public final class JinjaChatTemplate implements ChatTemplate {
  /** Longest source, in characters; the largest real templates have 30,000. */
  private static final int MAX_SOURCE = 1 << 18;

  private final List<Stmt> body;
  private final ScopeAnalyzer.Result scopes;
  private final Map<String, String> specialTokens;
  private final Clock clock;

  private JinjaChatTemplate(
      List<Stmt> body,
      ScopeAnalyzer.Result scopes,
      Map<String, String> specialTokens,
      Clock clock) {
    this.body = body;
    this.scopes = scopes;
    this.specialTokens = specialTokens;
    this.clock = clock;
  }

  /**
   * Reads a template.
   *
   * @param source the template's text
   * @param specialTokens the variables {@code bos_token}, {@code eos_token}, …; those that a model
   *     does not have are left out, and are then undefined in the template
   * @throws TemplateException where the source is no template, or one that we do not do
   */
  public static JinjaChatTemplate parse(String source, Map<String, String> specialTokens) {
    return parse(source, specialTokens, Clock.system(ZoneId.systemDefault()));
  }

  /**
   * Reads a template.
   *
   * @param clock what {@code strftime_now} reads; its zone counts
   */
  public static JinjaChatTemplate parse(
      String source, Map<String, String> specialTokens, Clock clock) {
    try {
      if (source.length() > MAX_SOURCE) {
        throw Failure.limit("a source of more than " + MAX_SOURCE + " characters");
      }
      List<Stmt> body = Parser.parse(source);
      NameChecker.check(body);
      ScopeAnalyzer.Result scopes = ScopeAnalyzer.analyze(body);
      return new JinjaChatTemplate(body, scopes, Map.copyOf(specialTokens), clock);
    } catch (Failure e) {
      throw e.toException(0);
    } catch (StackOverflowError e) {
      // the parser bounds nesting, but a chain such as a + b + c + … is as deep as it is long
      throw Failure.limit("an expression of too many parts").toException(0);
    }
  }

  /**
   * The conversation alone: {@code tools} and {@code documents} are none, as where none is given.
   */
  @Override
  public String render(List<Message> messages, boolean addGenerationPrompt) {
    Map<String, @Nullable Object> context = new LinkedHashMap<>();
    context.put("messages", messages);
    context.put("tools", null);
    context.put("documents", null);
    context.put("add_generation_prompt", addGenerationPrompt);
    return render(context);
  }

  /**
   * Renders with any variables.
   *
   * @param context variables by name: null, strings, booleans, integers, floats, lists, maps and
   *     {@link Message}; they win over the special tokens
   * @throws TemplateException where the template refuses, fails or goes beyond its limits
   */
  public String render(Map<String, ? extends @Nullable Object> context) {
    Session session = null;
    try {
      Conversion conversion = new Conversion();
      Map<String, Object> variables = new HashMap<>(specialTokens);
      context.forEach((name, value) -> variables.put(name, conversion.convert(value)));
      Meter meter = new Meter(conversion.characters());
      session = new Session(meter, clock, variables, scopes);
      return session.interpreter().run(body);
    } catch (Failure e) {
      throw e.toException(session == null ? 0 : session.interpreter().line());
    } catch (StackOverflowError e) {
      throw Failure.limit("evaluation nested too deep for this thread's stack")
          .toException(session == null ? 0 : session.interpreter().line());
    }
  }
}
