// In the page: note when a slider ticks and in which animation frame its picture is painted.
//
// `ticks` are [time of the input event, value], `frames` are [time, value or null], in
// milliseconds of performance.now(). A picture that is an <img> has no value of its own.
({slider, image, stage, index = 0}) => {
  const probe = (window.probe = {ticks: [], frames: [], released: 0, animationFrames: 0});

  let input = 0;
  for (const type of ["pointerdown", "pointermove", "keydown"])
    addEventListener(type, event => (input = event.timeStamp), {capture: true});
  addEventListener("pointerup", event => (probe.released = event.timeStamp), {capture: true});

  const target = document.querySelector(`${slider} .noUi-target`);
  let value = target.noUiSlider.get(true);
  target.noUiSlider.on("update.probe", (_texts, _handle, [now]) => {
    if (now !== value) probe.ticks.push([input, (value = now)]);
  });

  // The attribute changes in the very animation frame in which the stage draws.
  const node = stage && document.querySelector(stage);
  new MutationObserver(() => {
    probe.frames.push([performance.now(), JSON.parse(node.dataset.frameState)[index]]);
  }).observe(node || document.body, {attributeFilter: ["data-frame-state"]});

  // An output's picture is painted in the first animation frame that finds it loaded.
  let source = document.querySelector(image)?.getAttribute("src");
  const look = () => {
    probe.animationFrames += 1;
    const picture = document.querySelector(image);
    const now = picture?.complete && picture.getAttribute("src");
    if (now && now !== source) probe.frames.push([performance.now(), null]);
    source = now || source;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
};
