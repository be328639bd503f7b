// What the kernel of JupyterLite takes for Pyodide: Pyodide, with the packages beside this file among its own.
self.loadPyodide = async ({ indexURL: here, ...options }) => {
  const indexURL = new URL("$pyodide", here).href;
  importScripts(indexURL + "pyodide.js"); // it puts its own loadPyodide in the place of this one
  const [lock, own] = await Promise.all([indexURL + "pyodide-lock.json", here + "packages.json"].map(read));
  for (const entry of Object.values(own)) entry.file_name = new URL(entry.file_name, here).href;
  Object.assign(lock.packages, own);
  const lockFileURL = URL.createObjectURL(new Blob([JSON.stringify(lock)]));
  return self.loadPyodide({ ...options, indexURL, lockFileURL });
};

async function read(url) {
  return (await fetch(url)).json();
}
