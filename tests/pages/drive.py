"""Drive what answers on a page with a real mouse and real keys, and write down what does not."""

import json

STATE = """figure => {
  const image = figure.querySelector("img"), inputs = [...figure.querySelectorAll("input")];
  const json = figure.querySelector('script[type="application/json"]');
  const at = inputs.reduce((n, input) => n * (+input.max + 1) + +input.value, 0);
  const frame = json && new URL(JSON.parse(json.textContent).frames[at], document.baseURI).href;
  return image.decode().catch(() => {}).then(() => ({
    values: inputs.map((input) => +input.value),
    frame, picture: image.src, loaded: image.naturalWidth > 0, alt: image.alt,
    sentence: figure.querySelector(".trial-sentence").textContent,
    spoken: inputs.map((input) => input.getAttribute("aria-valuetext")),
    written: [...figure.querySelectorAll("output")].map((output) => output.textContent),
  }));
}"""
# Brought to the middle: at the edge the page's fixed header would take the mouse's clicks.
PLACE = """element => {
  element.scrollIntoView({ block: "center", behavior: "instant" });
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return [left, right, (top + bottom) / 2];
}"""
SLIDER = 'e => [(e.labels[0]?.innerText ?? "").split("\\n")[0].trim(), +e.max]'
# Every place of every slider and every sentence in turn.
HEIGHTS = """figure => {
  const heights = new Set(), note = () => heights.add(figure.offsetHeight);
  for (const input of figure.querySelectorAll("input"))
    for (let at = 0; at <= +input.max; at++) {
      input.value = at;
      input.dispatchEvent(new Event("input", { bubbles: true }));
      note();
    }
  const json = figure.querySelector('script[type="application/json"]');
  const sentence = figure.querySelector(".trial-sentence");
  for (const words of json ? JSON.parse(json.textContent).sentences : []) {
    sentence.textContent = words;
    note();
  }
  return [...heights];
}"""
ANSWERED = """radio => [
  radio.closest("fieldset").querySelector("[role=status]").textContent,
  radio.dataset.words, radio.closest("label").className, Boolean(radio.value)]"""
GIVE = """(box, answer) => {
  const field = box.querySelector("input, select");
  field.value = answer;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
  box.querySelector("button").focus();
}"""
TOLD = 'box => [box.className, box.querySelector(".trial-check-words").innerText]'


class Figure:
    """One interactive figure, and the words for what is wrong with it."""

    def __init__(self, page, handle):
        self.page, self.handle, self.faults = page, handle, []
        self.now, self.known = handle.evaluate(STATE), {}

    def moved(self, name, i, place):
        """What a move of slider `i` to `place` must have done to the figure."""
        before, self.now = self.now, self.handle.evaluate(STATE)
        now, changed = self.now, place != before["values"][i]
        if now["values"] != [*before["values"][:i], place, *before["values"][i + 1 :]]:
            self.faults.append(f"{name} is dead: at {now['values']}, not at {place}")
        followed = [before[key] != now[key] for key in ("sentence", "spoken")]
        if changed and not all(followed):
            self.faults.append(f"{name} is dead: sentence, value followed: {followed}")
        if now["frame"] not in (None, now["picture"]):
            self.faults.append(f"{name} shows another picture than that of its values")
        if not now["loaded"]:
            self.faults.append(f"{name} shows no picture")
        if now["alt"] != now["sentence"] or now["spoken"] != now["written"]:
            self.faults.append(f"{name} shows other words than it says")
        if self.known.setdefault(str(now["values"]), now) != now:
            self.faults.append(f"{name} does not come back")

    def drive(self):
        """By mouse: a click on the track, a drag along it. By key: both ends, one step, home."""
        mouse, start = self.page.mouse, self.now["values"]
        for i, slider in enumerate(self.handle.query_selector_all("input")):
            label, last = slider.evaluate(SLIDER)
            name = f"slider {i + 1} ({label})"
            left, right, y = slider.evaluate(PLACE)
            mouse.click(left + 3, y)
            self.moved(name, i, 0)
            mouse.move(left + 3, y)
            mouse.down()
            mouse.move(right - 3, y, steps=3)
            mouse.up()
            self.moved(name, i, last)
            slider.focus()
            keys = [("Home", 0), ("ArrowRight", 1), ("End", last), ("ArrowLeft", last - 1)]
            home = [("ArrowLeft", k) for k in reversed(range(start[i], last - 1))]
            for key, place in keys + (home if start[i] < last else [("End", last)]):
                self.page.keyboard.press(key)
                self.moved(f"{name} by {key}", i, place)
            # Two neighbors may look alike, all places of a slider may not.
            rest = [v for k, v in enumerate(start) if k != i]
            line = [
                s for s in self.known.values() if [*s["values"][:i], *s["values"][i + 1 :]] == rest
            ]
            if len({seen["picture"] for seen in line}) < 2:
                self.faults.append(f"{name} is dead: always the same picture")
        if len(heights := self.handle.evaluate(HEIGHTS)) > 1:
            self.faults.append(f"the figure is {heights} pixels high while a reader drags")
        return self.faults


def drive_quiz(page, question):
    """Choose each answer of a question: the first by mouse, the others by key."""
    faults = []
    for k, radio in enumerate(question.query_selector_all("input[type=radio]")):
        if k == 0:
            left, right, y = radio.evaluate(PLACE)
            page.mouse.click((left + right) / 2, y)
        else:
            page.keyboard.press("ArrowDown")
        words, expected, state, right = radio.evaluate(ANSWERED)
        if not expected or words != expected or state != ("right" if right else "wrong"):
            faults.append(f"a quiz does not answer to its choice {k + 1}")
    return faults


def drive_exercise(page, box):
    """A wrong answer gets a hint, the right one is told so."""
    exercise = json.loads(box.get_attribute("data-exercise"))
    right, choices = exercise["right"], exercise["choices"]
    wrong = next(c for c in choices if c != right) if choices else " ".join("1e99" for _ in right)
    faults = []
    for answer, state in ((wrong, "wrong"), (right, "right")):
        typed = answer if isinstance(answer, str) else " ".join(map(str, answer))
        box.evaluate(GIVE, typed)
        page.keyboard.press("Enter")
        kind, told = box.evaluate(TOLD)
        if f"trial-check-{state}" not in kind or not told:
            faults.append(f"an exercise does not say that {answer} is {state}")
    return faults


def drive(page):
    """Faults of every slider, quiz and exercise of the open page."""
    faults = []
    for figure in page.query_selector_all("figure.trial-explore"):
        faults += Figure(page, figure).drive()
    for question in page.query_selector_all(".trial-quiz fieldset"):
        faults += drive_quiz(page, question)
    for box in page.query_selector_all(".trial-check[data-exercise]"):
        faults += drive_exercise(page, box)
    return faults
