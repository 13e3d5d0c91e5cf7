/**
 * Chat templates: the part of Jinja that Hugging Face's templates use, as transformers sets it up
 * (immutable sandbox, {@code trim_blocks}, {@code lstrip_blocks}, loop controls, the {@code
 * generation} tag, its own {@code tojson}). A template is source text from a stranger, so nothing
 * of Java, of files or of the network can be named in it, and steps, text and depth are bounded.
 *
 * <p>The road of a template: {@code Lexer} → {@code Parser} ({@code Expr}, {@code Stmt}) → {@code
 * ScopeAnalyzer} (where a name lives, by Jinja's rules) and {@code NameChecker} → {@code
 * Interpreter} and {@code Evaluator}. Values are String, Long, Double, Boolean and small classes of
 * this package; Python's view of them (str, repr, comparison, methods, formatting) is spread over
 * {@code Printer}, {@code Operators}, {@code Attributes} and the method and filter tables.
 *
 * <p>What is not done is refused by name; nothing renders wrongly in silence.
 */
@NullMarked
package dev.nacelle.text.template;

import org.jspecify.annotations.NullMarked;
