"use strict";
(function () {
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  var webgl = (function () {
    try {
      var canvas = document.createElement("canvas");
      return Boolean(canvas.getContext("webgl2") || canvas.getContext("webgl"));
    } catch (problem) {
      return false;
    }
  })();
  var boxes = Array.prototype.slice.call(document.querySelectorAll(".plot"));
  // Browsers keep about 16 WebGL scenes alive; beyond a dozen the still image stays.
  var scenes = 0;

  function ink() {
    return getComputedStyle(document.body).getPropertyValue("--ink").trim();
  }

  function draw(box) {
    var flat = box.dataset.flat === "1";
    if (!flat && (!webgl || scenes >= 12)) return;
    var source = document.getElementById(box.id.replace("plot-", "data-"));
    var figure = JSON.parse(source.textContent);
    var still = box.querySelector("img");
    var layout = figure.layout;
    layout.autosize = true;
    layout.font.color = ink();
    var target = document.createElement("div");
    target.style.cssText = "width:100%;height:100%";
    still.hidden = true;
    still.style.display = "none";
    box.appendChild(target);
    if (!flat) scenes += 1;
    var config = {
      responsive: true,
      displaylogo: false,
      displayModeBar: "hover",
      plotlyServerURL: "",
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "toggleSpikelines"]
    };
    var whole = { data: figure.data, layout: layout, frames: figure.frames || [], config: config };
    window.Plotly.newPlot(target, whole).catch(function () {
      target.remove();
      still.hidden = false;
      still.style.display = "";
    });
    box.plotted = target;
  }

  function next(place) {
    if (place >= boxes.length) return;
    draw(boxes[place]);
    window.setTimeout(function () { next(place + 1); }, 0);
  }

  next(0);
  dark.addEventListener("change", function () {
    boxes.forEach(function (box) {
      if (box.plotted) window.Plotly.relayout(box.plotted, { "font.color": ink() });
    });
  });
})();
