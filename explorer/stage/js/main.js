// Draws the scenes of a panel. It computes no mathematics: every number and curve on screen comes
// from the kernel, is kept by state, and is drawn in the next animation frame.
import { Widgets } from "./controls.js";
import { Link } from "./link.js";
import { View } from "./view.js";

export default () => {
  let link;
  return {
    initialize({ model }) {
      link = new Link(model, Widgets);
      return () => link.close();
    },
    render({ el }) {
      const view = new View(link, el);
      return () => view.close();
    },
  };
};
