
'use strict';
// Shows the values under the pointer, or at the place that the arrow keys reach.
for (const figure of document.querySelectorAll('figure.chart')) {
  const data = JSON.parse(figure.querySelector('script').textContent);
  const svg = figure.querySelector('svg');
  const cursor = figure.querySelector('.cursor');
  const output = figure.querySelector('output');
  let at = data.x.length - 1;
  const show = (index) => {
    at = Math.min(Math.max(index, 0), data.x.length - 1);
    cursor.style.left = data.x[at] / 10 + '%';
    cursor.style.display = 'block';
    const named = data.series.filter((s) => s.values[at] !== null);
    const values = named.map((s) =>
      data.series.length > 1 ? s.name + ' ' + s.values[at] : s.values[at]);
    output.textContent = data.over + ' ' + data.steps[at] + ': ' + values.join(', ');
  };
  const hide = () => {
    cursor.style.display = 'none';
    output.textContent = '';
  };
  const follow = (event) => {
    const box = svg.getBoundingClientRect();
    const place = (event.clientX - box.left) / box.width * 1000;
    let nearest = 0;
    data.x.forEach((x, i) => {
      if (Math.abs(x - place) < Math.abs(data.x[nearest] - place)) nearest = i;
    });
    show(nearest);
  };
  svg.addEventListener('pointermove', follow);
  svg.addEventListener('pointerdown', follow);
  svg.addEventListener('pointerleave', () => document.activeElement === svg || hide());
  svg.addEventListener('focus', () => show(at));
  svg.addEventListener('blur', hide);
  svg.addEventListener('keydown', (event) => {
    const moves = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 20, PageDown: at + 20,
      Home: 0, End: data.x.length - 1 };
    if (event.key in moves) {
      event.preventDefault();
      show(moves[event.key]);
    }
  });
}
