"use strict";
// Tabs, copying, sorting and filtering: all that needs no data.
(function () {
  document.documentElement.classList.add("js");
  var all = function (selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); };

  all("[role=tablist]").forEach(function (list) {
    var tabs = all("[role=tab]", list);
    function open(tab) {
      tabs.forEach(function (one) {
        var chosen = one === tab;
        one.setAttribute("aria-selected", String(chosen));
        one.tabIndex = chosen ? 0 : -1;
        document.getElementById(one.getAttribute("aria-controls")).classList.toggle("open", chosen);
      });
    }
    tabs.forEach(function (tab, place) {
      tab.addEventListener("click", function () { open(tab); });
      tab.addEventListener("keydown", function (event) {
        var step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        var next = event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1 : step ? (place + step + tabs.length) % tabs.length : -1;
        if (next < 0) return;
        event.preventDefault();
        open(tabs[next]);
        tabs[next].focus();
      });
    });
    open(tabs[0]);
  });

  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest(".copy") : null;
    if (!button) return;
    var text = button.dataset.copy;
    var done = function () { button.textContent = "copied"; setTimeout(function () { button.textContent = "copy"; }, 1500); };
    function byHand() {
      var area = document.createElement("textarea");
      area.value = text;
      document.body.appendChild(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus();
      done();
    }
    if (navigator.clipboard && navigator.clipboard.writeText) navigator.clipboard.writeText(text).then(done, byHand);
    else byHand();
  });

  all(".values").forEach(function (table) {
    var body = table.tBodies[0];
    var panel = table.closest(".panel");
    var find = panel.querySelector(".find"), only = panel.querySelector(".all");
    function filter() {
      var words = find.value.trim().toLowerCase();
      all("tr", body).forEach(function (row) {
        var text = (row.dataset.name + " " + row.cells[0].textContent).toLowerCase();
        row.hidden = (only.checked && row.classList.contains("lacking")) || (words !== "" && text.indexOf(words) < 0);
      });
    }
    find.addEventListener("input", filter);
    only.addEventListener("change", filter);
    filter();
    all(".sort", table).forEach(function (button) {
      button.addEventListener("click", function () {
        var head = button.closest("th"), column = head.cellIndex;
        var up = head.getAttribute("aria-sort") !== "ascending";
        all("thead th[aria-sort]", table).forEach(function (one) { one.setAttribute("aria-sort", "none"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        var key = function (row) { return row.cells[column].dataset.order || ""; };
        var rows = all("tr", body).sort(function (a, b) {
          var one = key(a), two = key(b);
          if (one === "" || two === "") return one === two ? 0 : one === "" ? 1 : -1;
          var order = column === 0 ? one.localeCompare(two) : Number(one) - Number(two);
          return up ? order : -order;
        });
        rows.forEach(function (row) { body.appendChild(row); });
      });
    });
  });
})();
