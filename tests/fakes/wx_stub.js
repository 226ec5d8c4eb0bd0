// Stands in for WeCom's JS-SDK: nothing may be called before both registrations held, and the client's answers come from the test.
(() => {
  const granted = new Set();
  let ready = () => {}, failed = () => {};
  const here = () => location.href.split("#")[0];
  window.wx = {
    async config(args) {
      if (await window.wxChecks("company", here(), args)) ready(); else failed({ errMsg: "config:invalid signature" });
    },
    ready(callback) { ready = callback; },
    error(callback) { failed = callback; },
    async agentConfig(args) {
      if (!await window.wxChecks("app", here(), args)) { args.fail({ errMsg: "agentConfig:fail, invalid signature" }); return; }
      args.jsApiList.forEach(name => granted.add(name));
      args.success({ errMsg: "agentConfig:ok" });
    },
    async invoke(name, args, callback) {
      callback(granted.has(name) ? await window.wxAnswers(name, args) : { err_msg: `${name}:fail no permission` });
    },
  };
})();
